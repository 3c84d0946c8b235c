//! A destination that is down.

use std::net::SocketAddr;

use socket2::{Domain, Socket, Type};

/// An address that refuses connections. As long as this lives, nobody else gets it.
pub struct Nobody {
    /// Bound, and not listening.
    _socket: Socket,
    address: SocketAddr,
}

impl Nobody {
    /// Takes a free port of this machine.
    pub fn new() -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        let any: SocketAddr = "127.0.0.1:0".parse().expect("an address");
        socket.bind(&any.into()).expect("a free port");
        let address = socket.local_addr().expect("a bound socket");
        Self { address: address.as_socket().expect("an address"), _socket: socket }
    }

    /// Where somebody could be.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Default for Nobody {
    fn default() -> Self {
        Self::new()
    }
}
