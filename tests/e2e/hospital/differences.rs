//! What became of a message, field by field: each change by its place.

use std::collections::BTreeMap;

/// The segments of a message by name and occurrence, in their order, each with its fields. Bytes are taken for
/// characters one by one, whatever the charset.
fn segments(payload: &[u8]) -> Vec<(String, Vec<String>)> {
    let text: String = payload.iter().map(|byte| char::from(*byte)).collect();
    let end = if text.contains('\r') { '\r' } else { '\n' };
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let lines = text.split(end).map(|line| line.trim_matches('\n')).filter(|line| !line.is_empty());
    let named = lines.map(|line| {
        let mut fields: Vec<String> = line.split('|').map(str::to_owned).collect();
        if line.starts_with("MSH") {
            fields.insert(1, "|".to_owned()); // MSH-1 is the separator itself.
        }
        let count = seen.entry(fields[0].clone()).or_default();
        *count += 1;
        let name = if *count == 1 { fields[0].clone() } else { format!("{}[{count}]", fields[0]) };
        (name, fields)
    });
    named.collect()
}

/// `PID-8: F → M`, `-NTE`, `+NTE`: what is other in `arrived`, in the order of `sent`.
pub(super) fn differences(sent: &[u8], arrived: &[u8]) -> Vec<String> {
    let (sent, arrived) = (segments(sent), segments(arrived));
    let mut found: BTreeMap<&str, &Vec<String>> =
        arrived.iter().map(|(name, fields)| (name.as_str(), fields)).collect();
    let mut differences = Vec::new();
    for (name, was) in &sent {
        let Some(is) = found.remove(name.as_str()) else {
            differences.push(format!("-{name}"));
            continue;
        };
        for place in 0..was.len().max(is.len()) {
            let of = |fields: &Vec<String>| fields.get(place).cloned().unwrap_or_default();
            let (was, is) = (of(was), of(is));
            if was != is {
                differences.push(format!("{name}-{place}: {was} → {is}"));
            }
        }
    }
    differences.extend(found.keys().map(|name| format!("+{name}")));
    differences
}

/// The places alone.
pub(super) fn places(sent: &[u8], arrived: &[u8]) -> Vec<String> {
    let differences = differences(sent, arrived).into_iter();
    differences.map(|one| one.split(':').next().unwrap_or_default().to_owned()).collect()
}
