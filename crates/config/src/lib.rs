//! TOML to validated types, every fault at once and in its place.
//!
//! ```text
//!   files ──include──▶ spanned TOML ──reading──▶ sections ──check against each other──▶ Config
//!     └──────────────────────┴────────────────────┴───────────────────┴──▶ faults: file, line, column, a way out
//! ```
//!
//! [`load`] is the way in, [`load_environment`] the one for a site without a file. What comes out of it has nothing left to parse, and every default is filled in. A key
//! that no part of the engine obeys is not in the schema: it is refused with its place, never accepted and ignored.

mod check;
pub mod compare;
mod diagnostic;
mod load;
pub mod model;
mod reading;
mod schema;
mod sections;
mod setting;
mod show;
mod starter;
mod suggest;
mod withheld;

pub use diagnostic::{Diagnostic, Faults, Paint, Severity, SourceFile};
pub use load::{Loaded, load, load_environment, load_profile};
pub use model::*;
pub use reading::Named;
pub use schema::schema;
pub use show::{Origin, Shown, ShownTable};
pub use starter::STARTER;
