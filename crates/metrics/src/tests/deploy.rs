//! The dashboard and the alerts in `deploy/` name metrics, labels and codes that there are: a name that is changed here is
//! changed there.

use wardline_engine::control::protocol::{CertificateRow, CertificateState};

use super::*;

const RULES: &str = include_str!("../../../../deploy/prometheus/wardline.rules.yml");
const DASHBOARD: &str = include_str!("../../../../deploy/grafana/wardline.json");
/// Labels that Prometheus adds, or that are of its own functions.
const OF_PROMETHEUS: [&str; 3] = ["instance", "job", "le"];
/// Labels whose values are a site's own.
const IDS: [&str; 5] = ["listener", "destination", "handler", "of", "engine"];

/// The samples' names, each with its labels and their values.
struct Known(BTreeMap<String, BTreeMap<String, BTreeSet<String>>>);

impl Known {
    /// What an engine shows that has one of everything.
    fn everything() -> Self {
        let mut figures = figures(
            vec![listener("in", &ListenerCounts::default())],
            vec![destination("lis", Some(&DestinationCounts::default()))],
            vec![handler(HandlerCounts::default())],
        );
        figures.status.destinations[0].last_delivered = Some("2026-04-03T12:00:00Z".to_owned());
        figures.status.certificates = vec![CertificateRow {
            of: "in".to_owned(),
            subject: String::new(),
            serial: String::new(),
            fingerprint: String::new(),
            not_after: "2027-04-03T12:00:00Z".to_owned(),
            days_left: 365,
            state: CertificateState::Valid,
        }];
        let mut known: BTreeMap<_, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
        let text = exposition(figures).unwrap();
        for sample in samples(&text).into_keys() {
            let (name, labels) = sample.split_once('{').unwrap_or((sample, ""));
            let labels = labels.trim_end_matches('}').split(',').filter(|label| !label.is_empty());
            let of = known.entry(name.to_owned()).or_default();
            for label in labels {
                let (label, value) = label.split_once('=').expect("a label has a value");
                let values = of.entry(label.to_owned()).or_default();
                values.insert(value.trim_matches('"').to_owned());
            }
        }
        Self(known)
    }

    fn has_label(&self, label: &str) -> bool {
        OF_PROMETHEUS.contains(&label) || self.0.values().any(|labels| labels.contains_key(label))
    }

    /// Holds every name of an expression, with what stands in its braces, against what there is.
    fn assert_names(&self, expression: &str) -> usize {
        let mut found = 0;
        let mut rest = expression;
        while let Some(start) = rest.find("wardline_") {
            let name: String = rest[start..]
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                .collect();
            rest = &rest[start + name.len()..];
            let labels = self.0.get(&name);
            let labels = labels.unwrap_or_else(|| panic!("there is no {name}, in: {expression}"));
            found += 1;
            let Some(braces) = rest.strip_prefix('{') else { continue };
            let (matchers, behind) = braces.split_once('}').expect("braces are closed");
            rest = behind;
            matchers.split(',').for_each(|matcher| assert_matcher(&name, labels, matcher));
        }
        for by in expression.split("by (").skip(1) {
            let (labels, _) = by.split_once(')').expect("parentheses are closed");
            for label in labels.split(',').map(str::trim) {
                assert!(self.has_label(label), "no metric has the label {label}: {expression}");
            }
        }
        found
    }
}

fn assert_matcher(name: &str, labels: &BTreeMap<String, BTreeSet<String>>, matcher: &str) {
    let (label, value) = matcher.split_once('=').expect("a matcher compares");
    let label = label.trim().trim_end_matches('!');
    if OF_PROMETHEUS.contains(&label) {
        return;
    }
    let values = labels.get(label).unwrap_or_else(|| panic!("{name} has no label {label}"));
    if IDS.contains(&label) {
        return;
    }
    for value in value.trim_matches(['~', '"']).split('|') {
        assert!(values.contains(value), "{name} has no {label} {value}, but {values:?}");
    }
}

#[test]
fn every_alert_names_metrics_and_labels_that_there_are() {
    let known = Known::everything();
    let expressions = RULES.lines().filter_map(|line| line.trim().strip_prefix("expr: "));
    let found: usize = expressions.map(|expression| known.assert_names(expression)).sum();
    let alerts = RULES.matches("- alert: ").count();
    assert!(found >= alerts && alerts > 10, "{found} metrics in {alerts} alerts");
    for label in RULES.split("$labels.").skip(1) {
        let label: String = label.chars().take_while(char::is_ascii_alphanumeric).collect();
        assert!(known.has_label(&label), "no metric has the label {label}");
    }
}

#[test]
fn every_panel_names_metrics_and_labels_that_there_are() {
    let known = Known::everything();
    let dashboard: Value = serde_json::from_str(DASHBOARD).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    for panel in panels {
        for target in panel["targets"].as_array().expect("targets") {
            let expression = target["expr"].as_str().expect("an expression");
            assert!(known.assert_names(expression) > 0, "{expression}");
            let legend = target["legendFormat"].as_str().expect("a legend");
            for label in legend.split("{{").skip(1) {
                let (label, _) = label.split_once("}}").expect("braces are closed");
                assert!(known.has_label(label), "no metric has the label {label}: {legend}");
            }
        }
    }
    assert!(panels.len() > 10, "{} panels", panels.len());
    let choice = dashboard["templating"]["list"][1]["query"].as_str().expect("a query");
    assert_eq!(known.assert_names(choice), 1, "{choice}");
}
