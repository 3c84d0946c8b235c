//! Clocks and bytes of one connection, told the time instead of waiting for it.

use wardline_mllp::FrameEnd;

use super::*;

const SECOND: Duration = Duration::from_secs(1);
const MESSAGE: &[u8] = b"MSH|^~\\&|A";

/// A session, its clock and its counters.
struct Line {
    session: Session,
    now: Instant,
    counters: Arc<ListenerCounters>,
}

impl Line {
    /// 30 s for a pause inside a frame, 600 s for the whole of it, 64 bytes of payload.
    fn new(change: impl FnOnce(&mut Listener)) -> Self {
        let mut listener = Listener::new("in".into(), ([127, 0, 0, 1], 0).into());
        listener.frame_idle_timeout = 30 * SECOND;
        listener.frame_timeout = 600 * SECOND;
        listener.max_message_size = 64;
        change(&mut listener);
        let counters = Arc::new(ListenerCounters::default());
        let now = Instant::now();
        Self { session: Session::new(&listener, Arc::clone(&counters), now), now, counters }
    }

    fn next(&mut self) -> Next {
        self.session.next(self.now)
    }

    /// Bytes that come in after `waited`.
    fn receives(&mut self, bytes: &[u8], waited: Duration) -> Next {
        self.now += waited;
        self.session.buffer().extend_from_slice(bytes);
        self.session.received(self.now);
        self.next()
    }

    /// How long it would wait now for more; `None` is for ever.
    fn patience(&mut self) -> Option<Duration> {
        match self.next() {
            Next::Read { deadline } => deadline.map(|deadline| deadline - self.now),
            other => panic!("wants to read, not {other:?}"),
        }
    }

    /// Nothing comes until the deadline.
    fn falls_silent(&mut self) -> Next {
        let patience = self.patience().expect("a deadline");
        self.now += patience;
        self.session.waited(self.now)
    }
}

#[test]
fn between_frames_it_waits_for_ever_or_as_long_as_the_listener_says() {
    assert_eq!(Line::new(|_| {}).patience(), None);
    let mut line = Line::new(|listener| listener.idle_timeout = Some(60 * SECOND));
    assert_eq!(line.patience(), Some(60 * SECOND));
    line.now += 20 * SECOND;
    assert_eq!(line.patience(), Some(40 * SECOND), "asking again does not start it anew");
    assert_eq!(line.falls_silent(), Next::Close(CloseReason::Idle));
}

#[test]
fn a_frame_that_stops_coming_has_its_pause_and_no_more() {
    let mut line = Line::new(|_| {});
    line.next();
    line.receives(b"\x0BMSH|", 5 * SECOND);
    assert_eq!(line.patience(), Some(30 * SECOND));
    assert_eq!(line.falls_silent(), Next::Close(CloseReason::FrameTimeout));
}

#[test]
fn a_frame_that_trickles_in_is_ended_by_what_is_left_of_its_whole_time() {
    let mut line = Line::new(|_| {});
    line.next();
    line.receives(b"\x0BMSH|", SECOND);
    for _ in 0..20 {
        line.receives(b"a", 29 * SECOND);
    }
    // The wait for its first byte is none of the frame's: 580 s of 600 are gone.
    assert_eq!(line.patience(), Some(20 * SECOND));
    assert_eq!(line.falls_silent(), Next::Close(CloseReason::FrameTimeout));
}

#[test]
fn no_clock_of_a_frame_runs_while_the_connection_is_not_reading() {
    let mut line = Line::new(|_| {});
    line.next();
    let both = [b"\x0B", MESSAGE, b"\x1C\r\x0BMSH|"].concat();
    assert!(matches!(line.receives(&both, SECOND), Next::Message(_)));
    line.now += 3600 * SECOND; // The first message is in hand.
    assert_eq!(line.patience(), Some(30 * SECOND), "the second frame has not aged");
    line.receives(b"^~\\&|A\x1C\r", SECOND);
    assert_eq!(line.counters.frames.get(), 2);
}

#[test]
fn an_fs_alone_ends_the_frame_after_its_silence() {
    let mut line = Line::new(|_| {});
    line.next();
    line.receives(&[b"\x0B", MESSAGE, b"\x1C"].concat(), SECOND);
    assert_eq!(line.patience(), Some(FS_SILENCE));
    assert_eq!(line.falls_silent(), Next::Message(Bytes::from_static(MESSAGE)));
    assert_eq!(line.counters.lint_frame_end.get(), 1);
}

#[test]
fn a_strict_listener_takes_an_fs_alone_as_payload_and_goes_on_waiting() {
    let mut line = Line::new(|listener| listener.frame_end = FrameEnd::FsCr);
    line.next();
    line.receives(&[b"\x0B", MESSAGE, b"\x1C"].concat(), SECOND);
    assert_eq!(line.falls_silent(), Next::Close(CloseReason::FrameTimeout));
}

#[test]
fn noise_has_as_long_as_a_pause_from_its_first_byte() {
    let mut line = Line::new(|_| {});
    line.next();
    line.receives(b"GET ", SECOND);
    line.receives(b"/ HTTP", 10 * SECOND);
    assert_eq!(line.patience(), Some(20 * SECOND));
    assert_eq!(line.falls_silent(), Next::Close(CloseReason::NoFrame));
    assert_eq!(line.counters.lost_bytes.get(), 10);
}

#[test]
fn noise_without_end_is_closed_after_64_kib_and_a_frame_forgives_what_was_before_it() {
    let mut line = Line::new(|_| {});
    line.next();
    line.receives(&vec![b'x'; MAX_LOST], SECOND);
    assert!(matches!(
        line.receives(&[b"\x0B", MESSAGE, b"\x1C\r"].concat(), SECOND),
        Next::Message(_)
    ));
    assert_eq!(line.patience(), None, "the noise is forgotten");
    let too_much = vec![b'x'; MAX_LOST + 1];
    assert_eq!(line.receives(&too_much, SECOND), Next::Close(CloseReason::NoFrame));
}

#[test]
fn a_new_frame_inside_an_unfinished_one_has_its_own_time() {
    let mut line = Line::new(|listener| listener.frame_timeout = 40 * SECOND);
    line.next();
    line.receives(b"\x0BMSH|", SECOND);
    line.receives(b"a", 29 * SECOND);
    assert_eq!(line.patience(), Some(11 * SECOND));
    line.receives(b"\x0BMSH|", SECOND);
    assert_eq!(line.patience(), Some(30 * SECOND));
    assert_eq!(line.counters.frames_abandoned.get(), 1);
}

#[test]
fn empty_frames_and_commit_blocks_are_no_messages() {
    let mut line = Line::new(|_| {});
    line.next();
    let next = line.receives(b"\x0B\x1C\r\x0B\x06\x1C\r\x0B\x15\x1C\r", SECOND);
    assert!(matches!(next, Next::Read { deadline: None }), "{next:?}");
    assert_eq!((line.counters.frames_ignored.get(), line.counters.frames.get()), (3, 0));
}

#[test]
fn what_is_over_the_limit_is_refused_by_its_head() {
    let mut line = Line::new(|_| {});
    line.next();
    let next = line.receives(&[b"\x0B", MESSAGE, &[b'x'; 64]].concat(), SECOND);
    let Next::TooLarge { head } = next else { panic!("{next:?}") };
    assert!(head.starts_with(MESSAGE));
}

#[test]
fn the_end_of_the_stream_is_a_farewell_only_between_frames() {
    let mut line = Line::new(|_| {});
    line.session.ended();
    assert_eq!(line.next(), Next::Close(CloseReason::ByPeer));
    let mut line = Line::new(|_| {});
    line.next();
    line.receives(b"\x0BMSH|", SECOND);
    line.session.ended();
    assert_eq!(line.next(), Next::Close(CloseReason::InsideFrame));
}

#[test]
fn an_idle_session_holds_no_memory() {
    let mut line = Line::new(|_| {});
    line.next();
    line.receives(&[b"\x0B", MESSAGE, b"\x1C\r"].concat(), SECOND);
    line.patience();
    assert_eq!(line.session.buffer().capacity(), 0);
}
