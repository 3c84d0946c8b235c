//! What the way out may take up (BOUND-1). Sizes that belong to one file stand there.

use std::time::Duration;

/// Deliveries taken from the outbox at once. The outbox's own window (256 messages, 8 MiB) bounds what is in hand.
pub(super) const TAKE_AT_ONCE: usize = 128;

/// With fewer ready deliveries than this the pool asks the outbox for more.
pub(super) const TAKE_BELOW: usize = 64;

/// Deliveries that are given back at once for others to come while all in hand stand behind others: half a window, the
/// least that makes the outbox read.
pub(super) const PARKED_AT_ONCE: usize = wardline_store::limits::WINDOW_DELIVERIES / 2;

/// Deliveries of one destination that are given back while those before them in their lanes wait. Their places stay in
/// memory, some 200 bytes each: 13 MB. With more than this behind lanes that stand still, the others stand still too;
/// only what was revived or called back still finds room, half a window at a time.
pub(super) const MAX_PARKED: usize = 65_536;

/// Deliveries of one destination at which lanes stop until an operator decides. Their places stay in memory, some 200 bytes
/// each: 1 MB. Nobody decides about so many one by one: something is wrong with the destination, which is held.
pub(super) const MAX_STOPPED: usize = 4096;

/// Behind one that comes again since its turn has come, how many of its lane come with it: the read costs a sync.
pub(super) const CALLED_AT_ONCE: usize = 31;

/// Bytes of records not yet durable beyond which a pool starts nothing new: outcomes are never waited for, so a disk
/// that stands still must stop the deliveries that make them. Messages alone reach it only with a very large one among
/// them: they are refused earlier.
pub(super) const MAX_STORE_BACKLOG: usize = 2 * wardline_store::limits::MAX_BACKLOG;

/// How soon a pool looks again whether the store has caught up, or its outbox can be read.
pub(super) const STORE_RECHECK: Duration = Duration::from_millis(50);

/// Calls of one handler destination without order that run at once, as far as the handler has instances.
pub(super) const HANDLER_CALLS: usize = 16;

/// What a pool's mailbox holds beside the reports of its connections: words of operators, who wait for room.
pub(super) const OPERATOR_MAILBOX: usize = 16;

/// Reports one connection may have on their way: how an attempt ended, and that the connection did.
pub(super) const REPORTS_PER_CONNECTION: usize = 2;

/// The longest wait before a pool that died is replaced. It doubles from `POOL_RESTART_FIRST`.
pub(super) const POOL_RESTART_MAX: Duration = Duration::from_secs(60);

/// The wait before a pool that died is replaced for the first time.
pub(super) const POOL_RESTART_FIRST: Duration = Duration::from_millis(100);

/// A pool that lived so long was healthy: its death is the first again. Far longer than the longest wait.
pub(super) const POOL_HEALTHY_AFTER: Duration = Duration::from_secs(600);

/// How long a word about all deliveries of a queue goes on before it answers what it has done so far. With
/// [`OPERATOR_TIMEOUT`] for its last page it stays below what a caller waits for.
pub(super) const TIME_FOR_ALL: Duration = Duration::from_secs(5);

/// How long an operator's word may wait for the pool and for the sync that makes it durable.
pub(super) const OPERATOR_TIMEOUT: Duration = Duration::from_secs(10);
