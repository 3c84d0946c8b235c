//! Messages read, edited and answered, as a user of the crate sees it.

mod acknowledgement;
mod batch;
mod charsets;
mod documented;
mod editing;
mod oracle;
mod properties;
mod reading;
mod reply;
