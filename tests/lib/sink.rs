//! A receiver whose answers the test decides: the system on the other side of a destination.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::message::{Unframed, answer, control_id, framed};
use crate::nobody::Nobody;

/// One message as it arrived.
#[derive(Debug, Clone)]
pub struct Arrived {
    /// Byte for byte what stood in the frame.
    pub payload: Vec<u8>,
    /// MSH-10.
    pub control_id: String,
    /// Which connection brought it, counted from 0.
    pub connection: usize,
    /// How many had arrived before it, on all connections, since the last [`Sink::take`].
    pub nth: usize,
    /// When.
    pub at: Instant,
}

/// What the sink does about a message.
#[derive(Debug, Clone)]
pub enum Reply {
    /// An answer with this code and the right MSA-2.
    Code(&'static str),
    /// These bytes, unframed by the sink.
    Raw(Vec<u8>),
    /// Nothing; the connection stays open.
    Silence,
    /// The connection is closed.
    Close,
    /// The connection is reset.
    Reset,
    /// First this long a pause, then the rest.
    After(Duration, Box<Reply>),
    /// Nothing more is ever read from this connection, which stays open.
    StopReading,
}

/// A listening sink. Dropping it closes its socket and connections.
pub struct Sink {
    address: SocketAddr,
    arrived: Arc<Mutex<Vec<Arrived>>>,
    connections: Arc<Mutex<Vec<TcpStream>>>,
    closed: Arc<AtomicBool>,
}

type Decide = Arc<dyn Fn(&Arrived) -> Reply + Send + Sync>;

impl Sink {
    /// Answers AA to everything.
    pub fn accepting() -> Self {
        Self::start(|_| Reply::Code("AA"))
    }

    /// Answers as `decide` says, on a free port.
    pub fn start(decide: impl Fn(&Arrived) -> Reply + Send + Sync + 'static) -> Self {
        Self::over(TcpListener::bind("127.0.0.1:0").expect("a free port"), decide)
    }

    /// Answers as `decide` says, where nobody was so far.
    pub fn in_place_of(
        nobody: &Nobody,
        decide: impl Fn(&Arrived) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::over(nobody.listener(), decide)
    }

    fn over(
        listener: TcpListener,
        decide: impl Fn(&Arrived) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let sink = Self {
            address: listener.local_addr().expect("a bound socket"),
            arrived: Arc::default(),
            connections: Arc::default(),
            closed: Arc::default(),
        };
        let (arrived, connections) = (Arc::clone(&sink.arrived), Arc::clone(&sink.connections));
        let (closed, decide): (_, Decide) = (Arc::clone(&sink.closed), Arc::new(decide));
        thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                if closed.load(Ordering::Acquire) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                if let Ok(clone) = stream.try_clone() {
                    lock(&connections).push(clone);
                }
                let (arrived, decide) = (Arc::clone(&arrived), Arc::clone(&decide));
                thread::spawn(move || serve(stream, number, &arrived, &*decide));
            }
        });
        sink
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Everything that arrived so far, in order.
    pub fn arrived(&self) -> Vec<Arrived> {
        lock(&self.arrived).clone()
    }

    /// Everything that arrived since the last time, in order; it is forgotten here.
    pub fn take(&self) -> Vec<Arrived> {
        std::mem::take(&mut lock(&self.arrived))
    }

    /// The control ids of what arrived so far, in order.
    pub fn control_ids(&self) -> Vec<String> {
        lock(&self.arrived).iter().map(|one| one.control_id.clone()).collect()
    }

    /// Waits until `count` messages have arrived and returns all.
    pub fn wait_for(&self, count: usize) -> Vec<Arrived> {
        crate::wait::until(&format!("{count} messages at the sink"), || {
            let arrived = lock(&self.arrived);
            (arrived.len() >= count).then(|| arrived.clone())
        })
    }

    /// How many connections were opened so far.
    pub fn connections(&self) -> usize {
        lock(&self.connections).len()
    }

    /// Closes all connections, as a peer does that restarts; it goes on listening.
    pub fn drop_connections(&self) {
        for stream in lock(&self.connections).iter() {
            let _closed_already = stream.shutdown(std::net::Shutdown::Both);
        }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::Release);
        self.drop_connections();
        let _wakes_the_accepting_thread = TcpStream::connect(self.address);
    }
}

fn serve(
    mut stream: TcpStream,
    connection: usize,
    all: &Mutex<Vec<Arrived>>,
    decide: &(dyn Fn(&Arrived) -> Reply + Send + Sync),
) {
    let _best_effort = stream.set_nodelay(true);
    let mut unread = Unframed::default();
    loop {
        while let Some(payload) = unread.take() {
            let arrived = {
                let mut all = lock(all);
                let arrived = Arrived {
                    control_id: control_id(&payload),
                    payload,
                    connection,
                    nth: all.len(),
                    at: Instant::now(),
                };
                all.push(arrived.clone());
                arrived
            };
            if !act(&mut stream, &arrived, decide(&arrived)) {
                return;
            }
        }
        let mut bytes = [0; 16 * 1024];
        match stream.read(&mut bytes) {
            Ok(0) | Err(_) => return,
            Ok(read) => unread.add(&bytes[..read]),
        }
    }
}

/// Does what the test decided; false ends the connection.
fn act(stream: &mut TcpStream, arrived: &Arrived, reply: Reply) -> bool {
    match reply {
        Reply::Code(code) => stream.write_all(&framed(&answer(code, &arrived.control_id))).is_ok(),
        Reply::Raw(bytes) => stream.write_all(&bytes).is_ok(),
        Reply::Silence => true,
        Reply::Close => {
            let _closed_already = stream.shutdown(std::net::Shutdown::Both);
            false
        }
        Reply::Reset => {
            let _best_effort = socket2::SockRef::from(&*stream).set_linger(Some(Duration::ZERO));
            let _closed_already = stream.shutdown(std::net::Shutdown::Both);
            false
        }
        Reply::After(pause, then) => {
            thread::sleep(pause);
            act(stream, arrived, *then)
        }
        Reply::StopReading => loop {
            thread::park();
        },
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
