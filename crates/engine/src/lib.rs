//! The actors: listeners, connections, handlers, outbound pools and their supervision.
