//! Where to connect, as named parameters in text: what a script, a command line or an environment has.

use std::time::Duration;

use super::options::{ClientOptions, Timeouts};

/// Why parameters do not say where to connect.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParameterError {
    /// It has no default.
    #[error("Parameter '{name}' is required.")]
    Missing {
        /// The parameter.
        name: &'static str,
    },
    /// Its value is something else than a number, or a number that it cannot be.
    #[error("Parameter '{name}' should be a number.")]
    NotANumber {
        /// The parameter.
        name: &'static str,
    },
}

/// `host`, `port` and, if given, `timeout` in seconds.
///
/// ```
/// use wardline_mllp::{ConnectParameters, ParameterError};
///
/// let parameters = ConnectParameters::read([("host", "lab"), ("port", "2575")])?;
/// assert_eq!(parameters.address(), ("lab", 2575));
///
/// let error = ConnectParameters::read([("host", "lab")]).unwrap_err();
/// assert_eq!(error.to_string(), "Parameter 'port' is required.");
/// # Ok::<(), ParameterError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ConnectParameters {
    host: String,
    port: u16,
    timeout: Option<Duration>,
}

impl ConnectParameters {
    /// Reads pairs of name and value. Other names are none of its business.
    ///
    /// # Errors
    ///
    /// [`ParameterError`] for the first of `host`, `port` and `timeout` that is missing or no number.
    pub fn read<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, ParameterError> {
        let (mut host, mut port, mut timeout) = (None, None, None);
        for (name, value) in pairs {
            match name {
                "host" => host = Some(value),
                "port" => port = Some(value),
                "timeout" => timeout = Some(value),
                _ => {}
            }
        }
        Ok(Self {
            host: host.ok_or(ParameterError::Missing { name: "host" })?.to_owned(),
            port: port
                .ok_or(ParameterError::Missing { name: "port" })?
                .parse()
                .map_err(|_| ParameterError::NotANumber { name: "port" })?,
            timeout: timeout.map(seconds).transpose()?,
        })
    }

    /// Where to connect.
    pub fn address(&self) -> (&str, u16) {
        (&self.host, self.port)
    }

    /// The default options with the timeout, if one was given, for each operation.
    pub fn options(&self) -> ClientOptions {
        let timeouts = self.timeout.map_or_else(Timeouts::default, Timeouts::each);
        ClientOptions { timeouts, ..ClientOptions::default() }
    }
}

fn seconds(text: &str) -> Result<Duration, ParameterError> {
    let number = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    number.ok_or(ParameterError::NotANumber { name: "timeout" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error_of(pairs: &[(&str, &str)]) -> String {
        ConnectParameters::read(pairs.iter().copied()).unwrap_err().to_string()
    }

    #[test]
    fn what_is_missing_or_no_number_is_named() {
        assert_eq!(error_of(&[("port", "2575")]), "Parameter 'host' is required.");
        assert_eq!(error_of(&[("host", "lab")]), "Parameter 'port' is required.");
        let with_port = |port| [("host", "lab"), ("port", port)];
        for no_port in ["lab", "", "-1", "65536", "25.5"] {
            assert_eq!(error_of(&with_port(no_port)), "Parameter 'port' should be a number.");
        }
        for no_time in ["soon", "", "-1", "NaN", "inf"] {
            let pairs = [("host", "lab"), ("port", "1"), ("timeout", no_time)];
            assert_eq!(error_of(&pairs), "Parameter 'timeout' should be a number.");
        }
    }

    #[test]
    fn a_timeout_holds_for_each_operation_and_is_five_seconds_unless_given() {
        let read = |pairs: &[_]| ConnectParameters::read(pairs.iter().copied()).unwrap().options();
        let [host, port] = [("host", "lab"), ("port", "1")];
        assert_eq!(read(&[host, port]).timeouts, Timeouts::each(Duration::from_secs(5)));
        let given = read(&[host, port, ("timeout", "1.5")]);
        assert_eq!(given.timeouts, Timeouts::each(Duration::from_millis(1500)));
    }
}
