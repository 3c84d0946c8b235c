//! Every screen, light and dark, wide and narrow: it fits, its style and its module came, and its picture can be kept.
//!
//! `WARDLINE_SHOTS=docs/dashboard cargo test -p wardline-tests --test browser looks` draws the pictures of
//! docs/dashboard.md anew.

use std::path::PathBuf;

use libtest_mimic::Trial;
use wardline_tests::chromium::{BROWSER, Chromium, DRIVER, Screen};
use wardline_tests::requirement::Need;
use wardline_tests::trials;

use crate::demo::{ADMIN, Demo, message};

/// The screens: a name for the file, and the path.
const SCREENS: &[(&str, &str)] = &[
    ("overview", "/"),
    ("interfaces", "/interfaces"),
    ("interface", "/interfaces/radiology"),
    ("queues", "/queues"),
    ("queue", "/queues/radiology"),
    ("dead-letters", "/dead"),
    ("messages", "/messages"),
    ("message", MESSAGE),
    ("replays", "/replays"),
    ("replay", "/replays/1"),
    ("config", "/config"),
    ("storage", "/storage"),
    ("users", "/users"),
    ("tokens", "/tokens"),
    ("system", "/system"),
    ("account", "/account"),
];

/// Stands for the page of the newest message: its number is known once it is there.
const MESSAGE: &str = "/messages/{newest}";

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        every_screen_fits_light_and_dark_wide_and_narrow => [Need::Tool(DRIVER), Need::Tool(BROWSER)],
    ]
}

fn every_screen_fits_light_and_dark_wide_and_narrow() {
    let demo = Demo::start();
    for screen in LOOKS {
        let browser = Chromium::start(screen);
        browser.open(&demo.at("/setup"));
        browser.wait_for("[name=token]");
        look(&browser, "setup", screen);
    }
    let first = Chromium::start(Screen::WIDE);
    demo.set_up(&first);
    drop(first);
    demo.grant_content(ADMIN);
    demo.replay_a_few();
    for screen in LOOKS {
        let browser = Chromium::start(screen);
        browser.open(&demo.at("/signin"));
        browser.wait_for("[name=password]");
        look(&browser, "signin", screen);
        drop(browser);
        let browser = demo.signed_in(screen, ADMIN);
        for (name, path) in SCREENS {
            let path = if *path == MESSAGE { newest(&browser, &demo) } else { (*path).to_owned() };
            browser.open(&demo.at(&path));
            browser.wait_for("#main");
            look(&browser, name, screen);
        }
        preview(&browser, &demo);
        look(&browser, "replay-preview", screen);
        trial(&browser, &demo);
        look(&browser, "try", screen);
    }
}

/// How each screen is looked at.
const LOOKS: [Screen; 4] = [Screen::WIDE, Screen::WIDE_DARK, Screen::NARROW, Screen::NARROW_DARK];

fn look(browser: &Chromium, name: &str, screen: Screen) {
    fits(browser, name, screen);
    keep(browser, name, screen);
}

/// The way to the newest message.
fn newest(browser: &Chromium, demo: &Demo) -> String {
    browser.open(&demo.at("/messages?listener=adt-in"));
    browser.wait_for(".msgs .cid a");
    let way =
        browser.evaluate("return document.querySelector('.msgs .cid a').getAttribute('href')");
    way.as_str().expect("a link").to_owned()
}

/// Tries a message that is pasted.
fn trial(browser: &Chromium, demo: &Demo) {
    let text = String::from_utf8(message("ADT^A01", "TRIED-1")).expect("text");
    browser.open(&demo.at("/try"));
    browser.write("#text", &text.replace('\r', "\n"));
    browser.click("form[action='/try'] button");
    browser.wait_for_words("admissions");
}

/// Goes to what stands before the start of a replay.
fn preview(browser: &Chromium, demo: &Demo) {
    browser.open(&demo.at("/messages?listener=adt-in"));
    browser.click("#chosen button[name=all]");
    browser.wait_for("#why");
}

/// Nothing has to be pushed aside to be read, and the style is that of the preference.
fn fits(browser: &Chromium, name: &str, screen: Screen) {
    let width = browser.evaluate("return document.documentElement.scrollWidth");
    let width = width.as_u64().unwrap_or(u64::MAX);
    assert!(width <= u64::from(screen.width), "{name}, {}: {width} px wide", screen.name);
    let dark = browser.evaluate("return matchMedia('(prefers-color-scheme: dark)').matches");
    assert_eq!(dark.as_bool(), Some(screen.is_dark), "{name}, {}", screen.name);
    let ground = browser.evaluate("return getComputedStyle(document.body).backgroundColor");
    let ground = ground.as_str().unwrap_or_default().to_owned();
    let expected = if screen.is_dark { "rgb(15, 17, 20)" } else { "rgb(247, 247, 244)" };
    assert_eq!(ground, expected, "{name}, {}: the style sheet", screen.name);
}

/// Keeps the picture, where somebody wants it.
fn keep(browser: &Chromium, name: &str, screen: Screen) {
    let Some(folder) = std::env::var_os("WARDLINE_SHOTS").map(PathBuf::from) else { return };
    // Tests run in their package's folder.
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(folder);
    std::fs::create_dir_all(&folder).expect("a folder for pictures");
    let file = folder.join(format!("{name}-{}.png", screen.name));
    std::fs::write(file, browser.screenshot()).expect("a picture");
}
