//! Where a message's file goes, whatever its sender wrote into it.

use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use wardline_hl7::Message;

use super::*;

fn render(template: &str, header: &str) -> PathBuf {
    let message = Message::parse(format!("MSH|^~\\&|{header}\r").into()).expect("a message");
    let received: Timestamp = "2026-04-03T12:00:05Z".parse().expect("a time");
    let values = TemplateValues {
        received: &received.to_zoned(TimeZone::UTC),
        id: 42,
        identity: &message.header().identity(),
    };
    template.parse::<PathTemplate>().expect("a template").render(&values)
}

#[test]
fn every_placeholder_stands_for_its_value() {
    let template = "var/{received:%Y-%m-%d}/{sending_application}_{sending_facility}/\
        {message_type}-{trigger_event}-{control_id}-{id}.hl7";
    assert_eq!(
        render(template, "ADT1|ST-E|||20260403120000||ADT^A01|M1|P|2.5"),
        Path::new("var/2026-04-03/ADT1_ST-E/ADT-A01-M1-42.hl7")
    );
}

#[test]
fn a_value_never_leaves_its_place() {
    for (control_id, name) in [
        ("../../etc/passwd", ".._.._etc_passwd"),
        ("..", "__"),
        (".", "_"),
        ("", "_"),
        ("a\\b c", "a_b_c"),
        ("Müller", "M_ller"),
        ("/", "_"),
    ] {
        let path =
            render("out/{control_id}", &format!("A|B|||20260403||ADT^A01|{control_id}|P|2.5"));
        assert_eq!(path, Path::new("out").join(name), "{control_id:?}");
    }
}

#[test]
fn however_long_its_values_a_file_name_fits_its_file_system() {
    let long = "x".repeat(300);
    let header = format!("{long}|{long}|||20260403||{long}^{long}|{long}|P|2.5");
    let template = "{sending_application}-{sending_facility}-{message_type}-{trigger_event}-{control_id}-{id}.hl7";
    let name = render(template, &header);
    assert!(name.as_os_str().len() <= MAX_COMPONENT, "{} bytes", name.as_os_str().len());
    assert!(name.to_string_lossy().ends_with("-42.hl7"));
    assert!(render("{control_id}", &header).as_os_str().len() <= MAX_VALUE);
}

#[test]
fn absolute_templates_stay_absolute_and_relative_ones_relative() {
    let header = "A|B|||20260403||ADT^A01|M1|P|2.5";
    assert_eq!(render("/srv//hl7/{id}", header), Path::new("/srv/hl7/42"));
    assert_eq!(render("{id}", header), Path::new("42"));
    assert_eq!(render("../{id}", header), Path::new("../42"));
}

#[test]
fn what_would_surprise_is_no_template() {
    let unknown = |name: &str| TemplateFault::UnknownPlaceholder { name: name.to_owned() };
    let format = |format: &str| TemplateFault::BadTimeFormat { format: format.to_owned() };
    for (text, fault) in [
        ("", TemplateFault::NoFileName),
        ("var/{id}/", TemplateFault::NoFileName),
        ("var/{id}/message.hl7", TemplateFault::SameNameForAll),
        ("var/{patient}.hl7", unknown("patient")),
        ("var/{received}/{id}", unknown("received")),
        ("var/{}/{id}", unknown("")),
        ("var/{id", TemplateFault::UnpairedBrace),
        ("var/id}", TemplateFault::UnpairedBrace),
        ("var/{a{id}}", TemplateFault::UnpairedBrace),
        ("{received:}/{id}", format("")),
        ("{received:%Y/%m}/{id}", format("%Y/%m")),
        ("{received:%!}/{id}", format("%!")),
        ("a\0b/{id}", TemplateFault::Nul),
    ] {
        assert_eq!(text.parse::<PathTemplate>(), Err(fault), "{text:?}");
    }
    let too_long = format!("{}{{id}}", "x".repeat(MAX_COMPONENT));
    assert_eq!(too_long.parse::<PathTemplate>(), Err(TemplateFault::TooLong));
}
