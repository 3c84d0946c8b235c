//! Names of the things that a configuration declares, one type each, so that none is taken for another.
//!
//! They are cheap to clone: every delivery carries some.

use std::fmt;
use std::sync::Arc;

macro_rules! name {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $type(Arc<str>);

        impl $type {
            /// The name as it stands in the configuration.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The name, shared.
            pub fn arc(&self) -> Arc<str> {
                Arc::clone(&self.0)
            }
        }

        impl From<&str> for $type {
            fn from(name: &str) -> Self {
                Self(name.into())
            }
        }

        impl From<Arc<str>> for $type {
            fn from(name: Arc<str>) -> Self {
                Self(name)
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name! {
    /// The `id` of a listener.
    ListenerId
}
name! {
    /// The `id` of a route.
    RouteId
}
name! {
    /// The `id` of a destination; its queue belongs to it for as long as the id stays.
    DestinationId
}
name! {
    /// The name under which a binary has registered a handler actor.
    HandlerName
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_shared_and_not_copied() {
        let id = ListenerId::from("adt-in");
        assert!(Arc::ptr_eq(&id.arc(), &id.clone().arc()));
        assert_eq!(id.to_string(), "adt-in");
    }
}
