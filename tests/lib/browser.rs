//! Somebody at the page: hyper as the client, one cookie, forms with what they must carry.

use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};

/// A browser, or a program, with at most one session.
pub struct Browser {
    address: SocketAddr,
    cookie: Option<String>,
    /// That somebody signed in here once.
    mark: Option<String>,
    runtime: Runtime,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// As text.
    pub body: String,
}

impl Browser {
    /// Nobody yet.
    pub fn at(address: SocketAddr) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        Self { address, cookie: None, mark: None, runtime }
    }

    /// Another one with the same session.
    #[must_use]
    pub fn twin(&self) -> Self {
        Self { cookie: self.cookie.clone(), ..Self::at(self.address) }
    }

    /// The cookie it sends, `name=value`.
    pub fn cookie(&self) -> Option<&str> {
        self.cookie.as_deref()
    }

    /// Sends another cookie from now on.
    pub fn forge(&mut self, cookie: &str) {
        self.cookie = Some(cookie.to_owned());
    }

    /// Looks at a page.
    pub fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, &[], Vec::new())
    }

    /// Sends a form as the page at `page` would, with the proof that stands there.
    pub fn submit(&mut self, page: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let shown = self.get(page);
        let csrf = shown.csrf().unwrap_or_default();
        let mut all = vec![("csrf", csrf.as_str())];
        all.extend_from_slice(fields);
        self.form(path, &all)
    }

    /// Sends a form with these fields and no others.
    pub fn form(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        self.send("POST", path, &headers, encoded(fields).into_bytes())
    }

    /// Signs in.
    pub fn sign_in(&mut self, name: &str, password: &str) -> Answer {
        self.form("/signin", &[("name", name), ("password", password)])
    }

    /// Sends anything. A cookie that comes back is kept.
    pub fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        request = request.header("host", self.address.to_string());
        let cookies: Vec<&str> = self.cookie.iter().chain(&self.mark).map(String::as_str).collect();
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(Bytes::from(body))).expect("a request");
        let address = self.address;
        let answer = self.runtime.block_on(async move {
            let stream = TcpStream::connect(address).await.expect("the page listens");
            let shaken = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
            let (mut sender, connection) = shaken.expect("a connection");
            let driven = tokio::spawn(connection);
            let response = sender.send_request(request).await.expect("an answer");
            let answer = read(response).await;
            driven.abort();
            answer
        });
        for (_, value) in answer.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let kept =
                if value.contains("wardline-known=") { &mut self.mark } else { &mut self.cookie };
            *kept = value.split(';').next().map(str::to_owned);
        }
        answer
    }
}

async fn read(response: hyper::Response<hyper::body::Incoming>) -> Answer {
    let (head, body) = response.into_parts();
    let text =
        |value: &hyper::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into();
    let headers = head.headers.iter().map(|(name, value)| (name.to_string(), text(value)));
    let headers = headers.collect();
    let body = body.collect().await.expect("a whole body").to_bytes();
    Answer {
        status: head.status.as_u16(),
        headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    }
}

impl Answer {
    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(header, _)| header == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Where it leads.
    pub fn location(&self) -> &str {
        self.header("location").unwrap_or_default()
    }

    /// What the forms of this page carry.
    pub fn csrf(&self) -> Option<String> {
        let (_, behind) = self.body.split_once("name=\"csrf\" value=\"")?;
        behind.split_once('"').map(|(value, _)| value.to_owned())
    }

    /// The code of a fault that a program is told.
    pub fn code(&self) -> String {
        let problem: serde_json::Value = serde_json::from_str(&self.body).unwrap_or_default();
        problem["code"].as_str().unwrap_or_default().to_owned()
    }
}

/// As browsers send it.
fn encoded(fields: &[(&str, &str)]) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let escaped = |text: &str| -> String {
        let one = |byte: u8| match byte {
            byte if plain(byte) => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        };
        text.bytes().map(one).collect()
    };
    let fields = fields.iter().map(|(name, value)| format!("{}={}", escaped(name), escaped(value)));
    fields.collect::<Vec<_>>().join("&")
}
