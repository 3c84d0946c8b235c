//! One connection of the simulator.
//!
//! ```text
//!        ┌──────────── read ◀───────────────┐
//!        ▼                                  │
//!   decode ─frame─▶ react ─▶ answer now ────┤ all answers of one read in one write
//!        │             ├──▶ pause, answer ──┤
//!        │             ├──▶ due later ──────┤ written when their moment comes, reading goes on
//!        │             └──▶ close, reset    │
//!        └─nothing whole────────────────────┘
//! ```

use std::collections::VecDeque;
use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use wardline_hl7::Message;
use wardline_mllp::{Decoded, Decoder, DecoderOptions, FS_SILENCE, Position, encode};

use super::Simulator;
use super::behaviour::{Moment, Reaction};
use super::log::Told;

/// Read at most this much at once: many small messages, a piece of a large one.
const READ_SIZE: usize = 64 * 1024;
/// So many late answers may wait on one connection; then reading waits for the first of them.
const MAX_LATE: usize = 10_000;

/// The socket, what has come and what is to go.
pub(super) struct Conversation {
    stream: TcpStream,
    peer: SocketAddr,
    simulator: Rc<Simulator>,
    decoder: Decoder,
    incoming: BytesMut,
    outgoing: BytesMut,
    late: VecDeque<(Instant, BytesMut)>,
}

/// Whether the connection stays.
#[derive(PartialEq, Eq)]
enum Next {
    GoOn,
    End,
}

/// What ended a wait.
enum Woken {
    /// Bytes came.
    Read,
    /// The first late answer is due.
    LateDue,
    /// Nothing followed an FS for a second.
    Silence,
    /// The peer has said all it had to say.
    EndOfStream,
}

impl Conversation {
    pub(super) fn new(stream: TcpStream, peer: SocketAddr, simulator: Rc<Simulator>) -> Self {
        Self {
            stream,
            peer,
            simulator,
            decoder: Decoder::new(DecoderOptions::default()),
            incoming: BytesMut::with_capacity(READ_SIZE),
            outgoing: BytesMut::new(),
            late: VecDeque::new(),
        }
    }

    /// Talks until either side has enough. A peer that breaks off is told on stderr and is no fault of ours.
    pub(super) async fn run(mut self) {
        self.simulator.log.opened();
        if let Err(error) = self.talk().await {
            self.simulator.log.broken(self.peer, &error);
        }
        self.simulator.log.flush(true);
    }

    async fn talk(&mut self) -> io::Result<()> {
        self.stream.set_nodelay(true)?;
        loop {
            let next = self.take_frames().await?;
            self.write().await?;
            self.simulator.log.flush(self.late.is_empty());
            if next == Next::End {
                return Ok(());
            }
            match self.wait().await? {
                Woken::Read => {}
                Woken::LateDue => self.release_late(),
                Woken::Silence => {
                    if let Some(frame) = self.decoder.silence(&mut self.incoming) {
                        self.take(frame.payload.freeze()).await?;
                    }
                }
                Woken::EndOfStream => return self.end().await,
            }
        }
    }

    async fn take_frames(&mut self) -> io::Result<Next> {
        while !self.simulator.log.is_full() {
            match self.decoder.decode(&mut self.incoming)? {
                Some(Decoded::Frame(frame)) => {
                    if self.take(frame.payload.freeze()).await? == Next::End {
                        return Ok(Next::End);
                    }
                }
                Some(Decoded::Lost(_) | Decoded::Abandoned { .. }) => {}
                None => return Ok(Next::GoOn),
            }
        }
        Ok(Next::GoOn)
    }

    async fn take(&mut self, payload: Bytes) -> io::Result<Next> {
        let message = Message::parse(payload.clone()).ok();
        let number = self.simulator.log.number();
        let reaction = self.simulator.behaviour.react(number, message.as_ref());
        self.simulator.log.tell(&Told {
            number,
            peer: self.peer,
            message: message.as_ref(),
            payload: &payload,
            reaction,
        });
        match reaction {
            Reaction::Answer { code, form, moment } => {
                let answers = &self.simulator.answers;
                let answer = answers.write(message.as_ref(), &payload, code, form);
                self.answer(&answer, moment).await?;
                Ok(Next::GoOn)
            }
            Reaction::Silence => Ok(Next::GoOn),
            Reaction::Close => Ok(Next::End),
            Reaction::Reset => {
                SockRef::from(&self.stream).set_linger(Some(Duration::ZERO))?;
                Ok(Next::End)
            }
        }
    }

    async fn answer(&mut self, answer: &[u8], moment: Moment) -> io::Result<()> {
        match moment {
            Moment::Now => {}
            Moment::After(pause) => {
                self.write().await?;
                sleep(pause).await;
            }
            Moment::Late(pause) => {
                let mut frame = BytesMut::new();
                encode(answer, &mut frame);
                self.late.push_back((Instant::now() + pause, frame));
                return Ok(());
            }
        }
        encode(answer, &mut self.outgoing);
        Ok(())
    }

    async fn write(&mut self) -> io::Result<()> {
        if !self.outgoing.is_empty() {
            self.stream.write_all(&self.outgoing).await?;
            self.outgoing.clear();
        }
        Ok(())
    }

    async fn wait(&mut self) -> io::Result<Woken> {
        let due = self.late.front().map(|&(due, _)| due);
        let half_ended = matches!(self.decoder.position(), Position::AfterBlockEnd { .. });
        let may_read = self.late.len() < MAX_LATE;
        self.incoming.reserve(READ_SIZE);
        tokio::select! {
            read = self.stream.read_buf(&mut self.incoming), if may_read => {
                Ok(if read? == 0 { Woken::EndOfStream } else { Woken::Read })
            }
            () = until(due) => Ok(Woken::LateDue),
            () = sleep(FS_SILENCE), if half_ended => Ok(Woken::Silence),
        }
    }

    fn release_late(&mut self) {
        let now = Instant::now();
        while self.late.front().is_some_and(|&(due, _)| due <= now) {
            if let Some((_, frame)) = self.late.pop_front() {
                self.outgoing.extend_from_slice(&frame);
            }
        }
    }

    /// The peer sends no more, but may still read: what is owed goes out.
    async fn end(&mut self) -> io::Result<()> {
        if let Some(Decoded::Frame(frame)) = self.decoder.end(&mut self.incoming)? {
            self.take(frame.payload.freeze()).await?;
        }
        while let Some(&(due, _)) = self.late.front() {
            sleep_until(due).await;
            self.release_late();
        }
        self.write().await?;
        let _already_gone = timeout(FS_SILENCE, self.stream.shutdown()).await;
        Ok(())
    }
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => pending().await,
    }
}
