//! `${NAME}` inside a value.

use std::borrow::Cow;

use crate::setting::Wrong;

/// The text with every `${NAME}` replaced.
pub(crate) fn expand<'t>(
    text: &'t str,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Cow<'t, str>, Wrong> {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, inside)) = rest.split_once("${") {
        let Some((name, behind)) = inside.split_once('}') else {
            return Err(Wrong::new("`${` has no `}`"));
        };
        if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit()) {
            // What a pattern found, in the text that takes its place: no variable has such a name.
            expanded.push_str(before);
            expanded.push_str("${");
            expanded.push_str(name);
            expanded.push('}');
            rest = behind;
            continue;
        }
        if !is_name(name) {
            return Err(Wrong::new(format!("`{name}` is no name of an environment variable")));
        }
        let value = environment(name).ok_or_else(|| {
            Wrong::new(format!("the environment variable `{name}` is not set"))
                .hint("set it where wardline is started, or write the value here")
        })?;
        expanded.push_str(before);
        expanded.push_str(&value);
        rest = behind;
    }
    if rest.len() == text.len() {
        return Ok(Cow::Borrowed(text));
    }
    expanded.push_str(rest);
    Ok(Cow::Owned(expanded))
}

/// The variables that a text names.
pub(crate) fn names_in(text: &str) -> impl Iterator<Item = &str> {
    let inside = text.split("${").skip(1);
    inside
        .filter_map(|rest| rest.split_once('}'))
        .map(|(name, _)| name)
        .filter(|name| is_name(name))
}

fn is_name(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && name.bytes().next().is_some_and(|byte| !byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(text: &str) -> Result<String, String> {
        let environment = |name: &str| (name == "HOST").then(|| "10.1.2.3 ${HOST}".to_owned());
        expand(text, &environment).map(Cow::into_owned).map_err(|wrong| wrong.message)
    }

    #[test]
    fn variables_are_replaced_once_and_text_around_them_stays() {
        assert_eq!(
            expanded("a ${HOST}:${HOST}"),
            Ok("a 10.1.2.3 ${HOST}:10.1.2.3 ${HOST}".to_owned())
        );
        assert_eq!(expanded("${1}-${HOST}"), Ok("${1}-10.1.2.3 ${HOST}".to_owned()));
        assert_eq!(expanded("$HOST $ {HOST}"), Ok("$HOST $ {HOST}".to_owned()));
    }

    #[test]
    fn what_cannot_be_replaced_is_a_fault() {
        for text in ["${NOBODY}", "${HOST", "${}", "${1A}", "${A-B}"] {
            assert!(expanded(text).is_err(), "{text}");
        }
    }
}
