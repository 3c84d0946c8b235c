//! An edited copy: the message as text that can be written in, and what was written sent in, in its place.
//!
//! It is content: reading it is recorded with its reason, and the browser keeps no copy. The text goes as lines, one a
//! segment; what a form does not carry is not edited here.

use actix_web::HttpResponse;
use actix_web::web::Path;
use maud::{Markup, html};
use wardline_engine::control::protocol::{
    EditedBody, MAX_EDITED, MessageAnatomy, MessageId, ReplayOrder, Request, Response,
};

use super::asked::{anatomy, never_kept, number};
use crate::fault::Fault;
use crate::page::{self, Shell};
use crate::pages::acting::{Fields, FormFields};
use crate::pages::hand::{Hand, MAX_REASON};
use crate::pages::links;
use crate::pages::replays;

/// How what is beyond ASCII is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Charset {
    Utf8,
    Latin1,
}

/// A message that can be written in.
#[derive(Debug, PartialEq, Eq)]
struct Editable {
    text: String,
    charset: Charset,
}

impl Charset {
    const ALL: [Self; 2] = [Self::Utf8, Self::Latin1];

    fn code(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Latin1 => "iso-8859-1",
        }
    }

    /// As bytes, one segment a line; none where this charset has not all of the characters.
    fn bytes(self, text: &str) -> Option<Vec<u8>> {
        let text = text.replace("\r\n", "\r").replace('\n', "\r");
        match self {
            Self::Utf8 => Some(text.into_bytes()),
            Self::Latin1 => text.chars().map(|one| u8::try_from(u32::from(one)).ok()).collect(),
        }
    }
}

impl Editable {
    /// None where a form would not carry it as it is.
    fn of(body: &[u8], named: Option<&str>) -> Option<Self> {
        let is_text = |byte: &u8| !byte.is_ascii_control() || b"\r\n\t".contains(byte);
        if body.len() > MAX_EDITED || !body.iter().all(is_text) {
            return None;
        }
        let (text, charset) = match std::str::from_utf8(body) {
            Ok(text) if body.is_ascii() && named.is_some_and(|name| name.contains("8859/1")) => {
                (text.to_owned(), Charset::Latin1)
            }
            Ok(text) => (text.to_owned(), Charset::Utf8),
            Err(_) => (body.iter().copied().map(char::from).collect(), Charset::Latin1),
        };
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        Some(Self { text, charset })
    }
}

/// The text, for those who may see it and send it in.
pub(super) async fn edit(
    shell: Shell,
    path: Path<String>,
    form: FormFields,
) -> Result<HttpResponse, Fault> {
    let message = number(&path)?;
    let (by, reason) = (shell.who.name.to_string(), Fields::of(form).reason()?);
    let named = anatomy(&shell, message, false).await?.as_ref().and_then(charset_named);
    // One byte more tells that there are more.
    let most = Some(MAX_EDITED + 1);
    let request = Request::Content { message, by, reason: reason.clone(), most };
    let Response::Content(content) = shell.seat.ask(request).await? else {
        return Err(Fault::Failed);
    };
    let editable = Editable::of(&content.body, named.as_deref());
    let body = body(message, editable.as_ref(), &reason, &Hand::of(&shell.who));
    Ok(never_kept(page::page(&shell, "Edit a copy", &body)))
}

/// MSH-18, as it is written.
fn charset_named(anatomy: &MessageAnatomy) -> Option<String> {
    let mut elements = anatomy.segments.iter().flat_map(|segment| &segment.elements);
    elements.find(|element| element.path.starts_with("MSH-18"))?.value.clone()
}

/// Sends what was written in.
pub(super) async fn edited(
    shell: Shell,
    path: Path<String>,
    form: FormFields,
) -> Result<HttpResponse, Fault> {
    let message = number(&path)?;
    let fields = Fields::of(form);
    let charset = Charset::ALL.into_iter().find(|one| fields.first("charset") == Some(one.code()));
    let charset = charset.ok_or(Fault::BadRequest("`charset` is none of those of the page"))?;
    let text = fields.needed("text", "nothing was written")?;
    let bytes = charset.bytes(text).ok_or(Fault::BadRequest(
        "a character is not in the charset that was chosen, choose the other one",
    ))?;
    let order = ReplayOrder {
        messages: vec![message],
        edited: Some(EditedBody(bytes.into())),
        ..replays::order(fields.mode()?)
    };
    let row = replays::start(&shell.seat, &shell.who, order, 1, fields.reason()?).await?;
    Ok(page::to(&replays::address(row.job)))
}

fn body(message: MessageId, editable: Option<&Editable>, reason: &str, hand: &Hand) -> Markup {
    let back = links::message(message);
    html! {
        div.head { div {
            p.crumb { a href="/messages" { "Messages" } " / " a href=(back) { "Message " (message) } }
            h1 { "Edit a copy" }
            p.sub { "The message itself stays as it came. What is sent in names it as its original. That you read it is recorded." }
        } }
        @match editable {
            None => section.card { div.empty {
                b { "This message cannot be edited here." }
                p { "It is larger than a form takes, or has control characters that a form does not carry. Edit it in a file: "
                    span.m { "wardline replay start reprocess " (message) " --edited FILE --reason …" } }
                a.btn href=(back) { "Back" }
            } },
            Some(editable) => section.card aria-label="The copy" {
                form.body.pad.edit method="post" action={ (back) "/edited" } {
                    (hand.hidden())
                    div.fld {
                        label for="text" { "One segment a line" }
                        textarea.in.m #text name="text" rows="18" spellcheck="false" autocomplete="off" wrap="off" { (editable.text) }
                    }
                    div.row {
                        div.fld {
                            label for="charset" { "Beyond ASCII as" }
                            select.in #charset name="charset" {
                                @for charset in Charset::ALL {
                                    option value=(charset.code()) selected[charset == editable.charset] { (charset.code().to_uppercase()) }
                                }
                            }
                        }
                        div.fld {
                            label for="mode" { "How" }
                            select.in #mode name="mode" {
                                option value="reprocess" { "Through today's routes" }
                                option value="resend" { "To where the message went" }
                            }
                        }
                        div.fld.grows {
                            label for="why" { "Reason, kept with it" }
                            input.in #why name="reason" value=(reason) required maxlength=(MAX_REASON) autocomplete="off";
                        }
                        button class="btn btn-pri" type="submit" { "Send the copy in" }
                        a.btn href=(back) { "Back" }
                    }
                }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_goes_through_a_form_and_back_as_it_was() {
        for (body, charset) in [
            ("MSH|^~\\&|A\rPID|1||4711\r".as_bytes(), Charset::Utf8),
            ("MSH|^~\\&|M\u{fc}ller\rPID|1\r".as_bytes(), Charset::Utf8),
            (b"MSH|^~\\&|M\xfcller\rPID|1\r", Charset::Latin1),
        ] {
            let editable = Editable::of(body, None).expect("text");
            assert_eq!(editable.charset, charset);
            let posted = editable.text.replace('\n', "\r\n");
            assert_eq!(editable.charset.bytes(&posted).as_deref(), Some(body));
        }
        let named = Editable::of(b"MSH|^~\\&|A\r", Some("8859/1")).expect("text");
        assert_eq!(named.charset, Charset::Latin1, "what will be written beyond ASCII");
        assert_eq!(Charset::Latin1.bytes("\u{4e2d}"), None, "told, and not replaced");
    }

    #[test]
    fn what_a_form_does_not_carry_is_not_edited_here() {
        assert_eq!(Editable::of(b"MSH|\x1b$B\r", None), None);
        assert_eq!(Editable::of(&vec![b'x'; MAX_EDITED + 1], None), None);
        let page = body("4711".parse().expect("a number"), None, "why", &Hand::default());
        let page = page.into_string();
        assert!(page.contains("cannot be edited here") && !page.contains("<form"), "{page}");
    }
}
