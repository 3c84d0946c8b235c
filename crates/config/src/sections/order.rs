//! `order`, `order_by` and `order_id_type` of a destination.

use wardline_flow::KeyOrder;
use wardline_hl7::Path;

use crate::diagnostic::{Diagnostic, Placed};
use crate::model::Order;
use crate::reading::Section;
use crate::setting::Word;

/// The type of id that `order_by = "PID-3"` looks for first: a medical record number (table 0203).
const MEDICAL_RECORD: &str = "MR";

pub(super) fn read(section: &mut Section<'_>) -> Order {
    let order: Option<Placed<Order>> = section.get("order");
    let path: Option<Placed<Path>> = section.get("order_by");
    let id_type: Option<Placed<Word>> = section.get("order_id_type");
    let Some(path) = path else {
        if let Some(id_type) = &id_type {
            let fault = Diagnostic::fault("`order_id_type` has nothing to choose from");
            let fault = fault.at(&id_type.place);
            section.context().report(fault.hint("it goes with `order_by = \"PID-3\"`"));
        }
        return order.map_or_else(Order::default, |order| order.value);
    };
    if let Some(none) = order.filter(|order| order.value == Order::None) {
        let fault = Diagnostic::fault("without order there is nothing to order by");
        let fault = fault.at(&none.place).beside(&path.place, "asks for an order");
        section.context().report(fault.hint("leave one of them out"));
    }
    if path.value.is_plural() {
        let fault = Diagnostic::fault("a message has one key, and this names several places");
        section.context().report(fault.at(&path.place).hint("leave `[*]` out"));
    }
    let word = id_type.as_ref().map_or(MEDICAL_RECORD, |id_type| id_type.value.0.as_str());
    let by = KeyOrder::new(path.value, word);
    if let Some(id_type) = id_type.filter(|_| !by.is_by_patient()) {
        let fault = Diagnostic::fault("`order_id_type` has nothing to choose from");
        let fault = fault.at(&id_type.place).beside(&path.place, "has no types of ids");
        section.context().report(fault.hint("it goes with `order_by = \"PID-3\"`"));
    }
    Order::ByKey(by)
}
