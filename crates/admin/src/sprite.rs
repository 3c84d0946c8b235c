//! States as they are drawn: told by a word and a shape, then by a colour.

use maud::{Markup, html};

use crate::watch::condition::Condition;

/// One shape.
pub(crate) fn shape(name: &str) -> Markup {
    html! { svg aria-hidden="true" { use href={ "#" (name) } {} } }
}

/// A state: shape and word.
pub(crate) fn state(condition: Condition) -> Markup {
    html! { span class=(condition.class()) { (shape(condition.shape())) (condition.word()) } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assets::SYMBOLS;

    #[test]
    fn every_state_has_a_shape_of_the_sprite_and_a_word() {
        for condition in Condition::ALL {
            let id = format!("id=\"{}\"", condition.shape());
            assert!(SYMBOLS.contains(&id), "{id}");
            assert!(state(condition).into_string().contains(condition.word()));
        }
    }
}
