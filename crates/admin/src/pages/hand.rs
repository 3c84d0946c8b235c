//! What whoever looks at a page may do there, and the forms of it.
//!
//! Each form is a plain POST that is answered by a redirect: it works without script. One that ends something asks for a
//! reason and for the interface's id, typed; the server checks both, the script only keeps the button closed until they
//! are there.

use maud::{Markup, html};

use crate::access::Right;
use crate::door::{CSRF_FIELD, Who};

/// Whoever looks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hand {
    /// Goes with every form.
    pub(crate) csrf: String,
    /// May retry, hold, skip, discard, pause.
    pub(crate) may_operate: bool,
    /// May see what is in messages.
    pub(crate) may_read: bool,
}

impl Hand {
    /// Of whoever is signed in.
    pub(crate) fn of(who: &Who) -> Self {
        Self {
            csrf: who.csrf().to_owned(),
            may_operate: who.may(Right::Operate),
            may_read: who.may(Right::Content),
        }
    }

    /// Goes with every form.
    pub(crate) fn hidden(&self) -> Markup {
        html! { input type="hidden" name=(CSRF_FIELD) value=(self.csrf); }
    }

    /// A button that acts at once.
    pub(crate) fn at_once(&self, action: &str, label: &str, class: &str) -> Markup {
        html! {
            form.at-once method="post" action=(action) {
                (self.hidden())
                button class={ "btn " (class) } type="submit" { (label) }
            }
        }
    }

    /// What opens in place and asks for a reason before it acts; nothing is ended by it.
    pub(crate) fn with_reason(&self, asked: &Asked<'_>) -> Markup {
        self.opens(asked, "btn", "confirm calm", None)
    }

    /// What ends something: reason and typed id.
    pub(crate) fn typed(&self, asked: &Asked<'_>, id: &str) -> Markup {
        self.opens(asked, "btn btn-danger", "confirm", Some(id))
    }

    /// What opens in place and says what it will do before it does: no reason is kept with it.
    pub(crate) fn asks(&self, asked: &Asked<'_>) -> Markup {
        html! {
            details.opens {
                summary class="btn btn-pri" { (asked.label) "…" }
                form class="confirm calm" method="post" action=(asked.action) aria-label=(asked.label) {
                    (self.hidden())
                    @for (name, value) in asked.fixed { input type="hidden" name=(name) value=(value); }
                    p { b { (asked.question) } " " (asked.consequence) }
                    div.row { button class="btn btn-pri" type="submit" { (asked.does) } }
                }
            }
        }
    }

    fn opens(&self, asked: &Asked<'_>, button: &str, form: &str, typed: Option<&str>) -> Markup {
        let field = |name: &str| format!("{}-{name}", asked.name);
        html! {
            details.opens {
                summary class=(button) { (asked.label) "…" }
                form class=(form) method="post" action=(asked.action) aria-label=(asked.label)
                    data-typed=[typed] {
                    (self.hidden())
                    @for (name, value) in asked.fixed { input type="hidden" name=(name) value=(value); }
                    p { b { (asked.question) } " " (asked.consequence) }
                    div.row {
                        div.fld {
                            label for=(field("reason")) { "Reason, kept with it" }
                            input.in id=(field("reason")) name="reason" required maxlength=(MAX_REASON) autocomplete="off";
                        }
                        @if let Some(typed) = typed {
                            div.fld {
                                label for=(field("typed")) { "Type " span.m { (typed) } " to confirm" }
                                input class="in m" id=(field("typed")) name="typed" required autocomplete="off" spellcheck="false" autocapitalize="off";
                            }
                        }
                        button class=(if typed.is_some() { "btn btn-danger" } else { "btn btn-pri" }) type="submit" { (asked.does) }
                    }
                }
            }
        }
    }
}

/// The longest reason, in characters: it stands in lists.
pub(crate) const MAX_REASON: usize = 200;

/// What is asked before something is done.
pub(crate) struct Asked<'a> {
    /// What the fields are told apart by on the page.
    pub(crate) name: &'a str,
    /// Of the button that opens it, without its "…".
    pub(crate) label: &'a str,
    pub(crate) action: &'a str,
    pub(crate) question: String,
    /// What will happen and what will not.
    pub(crate) consequence: String,
    /// Of the button that does it, with the count.
    pub(crate) does: String,
    /// Fields that go with it.
    pub(crate) fixed: &'a [(&'a str, String)],
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked<'a>(fixed: &'a [(&'a str, String)]) -> Asked<'a> {
        Asked {
            name: "discard",
            label: "Discard",
            action: "/queues/lis/discard",
            question: "Discard 1 message for lis?".to_owned(),
            consequence: "It will never reach lis.".to_owned(),
            does: "Discard 1 message".to_owned(),
            fixed,
        }
    }

    #[test]
    fn what_ends_something_asks_for_a_reason_and_the_typed_id_and_works_without_script() {
        let hand = Hand { csrf: "a\"b".to_owned(), may_operate: true, may_read: false };
        let form = hand.typed(&asked(&[("message", "4711".to_owned())]), "lis").into_string();
        for part in [
            "method=\"post\" action=\"/queues/lis/discard\"",
            "data-typed=\"lis\"",
            "name=\"reason\" required",
            "name=\"typed\" required",
            "name=\"message\" value=\"4711\"",
            "name=\"csrf\" value=\"a&quot;b\"",
            "Discard 1 message</button>",
            "Discard…</summary>",
        ] {
            assert!(form.contains(part), "{part}: {form}");
        }
        assert!(!form.contains("disabled"), "only the script closes the button: {form}");
    }

    #[test]
    fn what_a_person_can_take_back_is_not_red_and_asks_for_no_typing() {
        let form = Hand::default().with_reason(&asked(&[])).into_string();
        assert!(!form.contains("btn-danger") && !form.contains("typed"), "{form}");
    }
}
