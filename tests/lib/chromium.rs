//! A browser that others wrote: Chromium without a window, driven through its `WebDriver`.
//!
//! Each browser has a profile folder and a driver process of its own, and is gone with them. What it is asked to find it
//! waits for: a page is there when it is there.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// The programs it needs on the PATH.
pub const DRIVER: &str = "chromedriver";
/// The browser itself.
pub const BROWSER: &str = "chromium";

/// How long something may take to appear on a page.
const PATIENCE: Duration = Duration::from_secs(20);
/// What the driver says once it listens.
const LISTENS: &str = "started successfully on port ";

/// How a screen looks at the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Screen {
    /// Its name, for files.
    pub name: &'static str,
    /// CSS pixels.
    pub width: u32,
    /// CSS pixels.
    pub height: u32,
    /// Whether whoever sits there prefers dark pages.
    pub is_dark: bool,
}

impl Screen {
    /// A desk by day.
    pub const WIDE: Self = Self { name: "wide-light", width: 1440, height: 1000, is_dark: false };
    /// A desk by night.
    pub const WIDE_DARK: Self = Self { name: "wide-dark", is_dark: true, ..Self::WIDE };
    /// A telephone by day.
    pub const NARROW: Self = Self { name: "narrow-light", width: 390, height: 844, is_dark: false };
    /// A telephone by night.
    pub const NARROW_DARK: Self = Self { name: "narrow-dark", is_dark: true, ..Self::NARROW };
}

/// A browser. Dropping it ends it.
pub struct Chromium {
    driver: Child,
    client: Client,
    runtime: Runtime,
    _profile: TempDir,
}

impl Chromium {
    /// Starts one.
    pub fn start(screen: Screen) -> Self {
        let profile = TempDir::new().expect("a temporary folder");
        let mut driver = Command::new(DRIVER)
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver");
        let said = driver.stdout.take().expect("a pipe");
        let port = BufReader::new(said)
            .lines()
            .map_while(Result::ok)
            .find_map(|line| {
                let (_, port) = line.split_once(LISTENS)?;
                port.trim_end_matches('.').parse::<u16>().ok()
            })
            .expect("chromedriver listens");
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let capabilities = capabilities(screen, profile.path());
        let client = runtime
            .block_on(
                ClientBuilder::new(HttpConnector::new())
                    .capabilities(capabilities)
                    .connect(&format!("http://127.0.0.1:{port}")),
            )
            .expect("chromium starts");
        Self { driver, client, runtime, _profile: profile }
    }

    /// Opens an address.
    pub fn open(&self, address: &str) {
        self.runtime.block_on(self.client.goto(address)).expect("a page");
    }

    /// Where it is.
    pub fn address(&self) -> String {
        self.runtime.block_on(self.client.current_url()).expect("an address").to_string()
    }

    /// Waits for what this selector finds.
    pub fn wait_for(&self, css: &str) {
        self.found(css, |_| ());
    }

    /// Clicks on what this selector finds.
    pub fn click(&self, css: &str) {
        self.on(css, |element| async move { element.click().await });
    }

    /// Empties a field and writes into it.
    pub fn write(&self, css: &str, text: &str) {
        self.on(css, |field| async move {
            field.clear().await?;
            field.send_keys(text).await
        });
    }

    /// The visible words of what this selector finds.
    pub fn text(&self, css: &str) -> String {
        self.on(css, |element| async move { element.text().await })
    }

    /// Waits until the visible words of the page have these among them.
    pub fn wait_for_words(&self, words: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let body = self.text("body");
            if body.contains(words) {
                return;
            }
            assert!(Instant::now() < deadline, "{words:?} is not on {}:\n{body}", self.address());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Everything that came, as it came.
    pub fn source(&self) -> String {
        self.runtime.block_on(self.client.source()).expect("the page's source")
    }

    /// What a script says on the page.
    pub fn evaluate(&self, script: &str) -> Value {
        self.runtime.block_on(self.client.execute(script, Vec::new())).expect("a script's value")
    }

    /// What is seen, as PNG.
    pub fn screenshot(&self) -> Vec<u8> {
        self.runtime.block_on(self.client.screenshot()).expect("a screenshot")
    }

    /// Does something with what this selector finds. A page that keeps itself fresh may put another in its place meanwhile:
    /// then it is that one's turn.
    fn on<T, F: Future<Output = Result<T, CmdError>>>(
        &self,
        css: &str,
        act: impl Fn(Element) -> F,
    ) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let element = self.found(css, |element| element);
            match self.runtime.block_on(act(element)) {
                Ok(done) => return done,
                Err(error) if error.is_stale_element_reference() && Instant::now() < deadline => {}
                Err(error) => self.fails(css, &error),
            }
        }
    }

    fn found<T>(&self, css: &str, give: impl FnOnce(Element) -> T) -> T {
        let waiting = self.client.wait().at_most(PATIENCE).for_element(Locator::Css(css));
        match self.runtime.block_on(waiting) {
            Ok(element) => give(element),
            Err(error) => self.fails(css, &error),
        }
    }

    fn fails(&self, css: &str, error: &dyn std::error::Error) -> ! {
        panic!("{css} on {}: {error}\n{}", self.address(), self.text_of_body());
    }

    fn text_of_body(&self) -> String {
        let body = self.evaluate("return document.body ? document.body.innerText : ''");
        body.as_str().unwrap_or_default().to_owned()
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // The driver ends the browser with the session; where it no longer answers, it is ended with it.
        let _ = self.runtime.block_on(self.client.clone().close());
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// A browser that asks nobody but the pages it is told to open.
fn capabilities(screen: Screen, profile: &Path) -> serde_json::Map<String, Value> {
    let scheme = u8::from(!screen.is_dark);
    let options = json!({
        "args": [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
            "--force-color-profile=srgb",
            format!("--blink-settings=preferredColorScheme={scheme}"),
            format!("--user-data-dir={}", profile.display()),
            format!("--window-size={},{}", screen.width, screen.height),
        ],
        "mobileEmulation": {
            "deviceMetrics": {
                "width": screen.width,
                "height": screen.height,
                "pixelRatio": 1.0,
                "mobile": screen.width < 500,
                "touch": false,
            },
        },
    });
    let Value::Object(capabilities) = json!({ "goog:chromeOptions": options }) else {
        unreachable!("an object is an object");
    };
    capabilities
}
