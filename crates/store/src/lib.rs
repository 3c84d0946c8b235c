//! The journal that is the promise and the queue behind it.
