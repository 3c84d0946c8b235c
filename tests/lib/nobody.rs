//! A destination that is down, and may come up later.

use std::net::{SocketAddr, TcpListener};

use socket2::{Domain, Socket, Type};

/// An address that refuses connections until somebody listens there. As long as this lives, whoever asks for any free
/// port gets another one; who asks for this very address may have it.
pub struct Nobody {
    /// Bound, and not listening.
    _socket: Socket,
    address: SocketAddr,
}

impl Nobody {
    /// Takes a free port of this machine.
    pub fn new() -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        // Of two sockets that may share an address only one may listen.
        socket.set_reuse_address(true).expect("an option of every socket");
        let any: SocketAddr = "127.0.0.1:0".parse().expect("an address");
        socket.bind(&any.into()).expect("a free port");
        let address = socket.local_addr().expect("a bound socket");
        Self { address: address.as_socket().expect("an address"), _socket: socket }
    }

    /// Where somebody could be.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Somebody is there. To be asked once: of several only one may listen.
    pub fn listener(&self) -> TcpListener {
        TcpListener::bind(self.address).expect("an address that was kept free")
    }
}

impl Default for Nobody {
    fn default() -> Self {
        Self::new()
    }
}
