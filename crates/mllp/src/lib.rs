//! MLLP framing: bytes to frames and back, usable alone.
