//! Every decision of the engine and none of its I/O: routes, plans, replies, retries.
