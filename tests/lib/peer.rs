//! A sender over a plain socket.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use socket2::{Domain, Socket, Type};

use crate::message::{Unframed, field, framed};

/// How long a peer waits for an answer before the test fails.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// One connection to a listener.
#[derive(Debug)]
pub struct Peer {
    stream: TcpStream,
    unread: Unframed,
}

impl Peer {
    /// Connects.
    pub fn connect(address: SocketAddr) -> Self {
        Self::try_connect(address).expect("the listener accepts")
    }

    /// Connects from this address, which is another source on the same machine.
    pub fn from(source: SocketAddr, to: SocketAddr) -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        socket.bind(&source.into()).expect("an address of this machine");
        socket.connect(&to.into()).expect("the listener accepts");
        Self::over(socket.into()).expect("a connected socket")
    }

    /// Connects, or tells why not.
    pub fn try_connect(address: SocketAddr) -> io::Result<Self> {
        Self::over(TcpStream::connect(address)?)
    }

    /// Over a connection that stands.
    pub fn over(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(READ_TIMEOUT))?;
        Ok(Self { stream, unread: Unframed::default() })
    }

    /// Writes these bytes as they are.
    pub fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the engine reads");
    }

    /// Writes these bytes as they are, or tells why not.
    pub fn try_write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// The payload of the next frame.
    pub fn read(&mut self) -> Vec<u8> {
        match self.try_read() {
            Ok(Some(payload)) => payload,
            Ok(None) => panic!("closed instead of an answer"),
            Err(error) => panic!("no answer: {error}"),
        }
    }

    /// The payload of the next frame; `None` when the engine closed.
    pub fn try_read(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            if let Some(payload) = self.unread.take() {
                return Ok(Some(payload));
            }
            let mut bytes = [0; 16 * 1024];
            match self.stream.read(&mut bytes)? {
                0 => {
                    assert!(self.unread.is_empty(), "closed inside an answer");
                    return Ok(None);
                }
                read => self.unread.add(&bytes[..read]),
            }
        }
    }

    /// Sends a payload in a frame and returns the payload of its answer.
    pub fn exchange(&mut self, payload: &[u8]) -> Vec<u8> {
        self.write(&framed(payload));
        self.read()
    }

    /// Sends a payload and returns MSA-1 of its answer, having compared MSA-2.
    pub fn send(&mut self, payload: &[u8]) -> String {
        let answer = self.exchange(payload);
        assert_eq!(field(&answer, "MSA", 2), crate::message::control_id(payload), "MSA-2");
        field(&answer, "MSA", 1)
    }

    /// Whether the engine closed without another byte.
    pub fn is_closed(&mut self) -> bool {
        match self.try_read() {
            Ok(answer) => answer.is_none(),
            Err(error) => error.kind() == io::ErrorKind::ConnectionReset,
        }
    }

    /// Closes the write side only.
    pub fn shut_write(&self) {
        self.stream.shutdown(Shutdown::Write).expect("a connected socket");
    }

    /// Closes with a reset instead of a farewell.
    pub fn reset(self) {
        let socket = socket2::SockRef::from(&self.stream);
        socket.set_linger(Some(Duration::ZERO)).expect("a connected socket");
    }

    /// The socket.
    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }
}
