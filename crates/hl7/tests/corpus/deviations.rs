//! Files of the corpus that are read otherwise than its rows say, each for a reason that is a decision.

use libtest_mimic::Trial;
use wardline_hl7::CharsetRule;

use crate::row::Row;

/// They mix CR with bare LF. The rows count both as segment ends; here only CR ends a segment where one occurs, because
/// dictated text is full of LF. Their values are compared after every end was made a CR.
const LF_IS_DATA: [&str; 15] = [
    "GoogleCloudPlatform-healthcare__adt_a01.hl7",
    "GoogleCloudPlatform-healthcare__oru_r01.hl7",
    "LinuxForHealth-hl7v2-fhir-converter__HL7ADTMessageTest.java_L182.hl7",
    "LinuxForHealth-hl7v2-fhir-converter__HL7ADTMessageTest.java_L204.hl7",
    "LinuxForHealth-hl7v2-fhir-converter__HL7ADTMessageTest.java_L254.hl7",
    "LinuxForHealth-hl7v2-fhir-converter__HL7ADTMessageTest.java_L334.hl7",
    "LinuxForHealth-hl7v2-fhir-converter__Hl7IdentifierFHIRConversionTest.java_L235.hl7",
    "LinuxForHealth-hl7v2-fhir-converter__Hl7IdentifierFHIRConversionTest.java_L256.hl7",
    "LinuxForHealth-hl7v2-fhir-converter__Hl7MedicationRequestFHIRConversionTest.java_L483.hl7",
    "LinuxForHealth-hl7v2-fhir-converter__Hl7OMPMessageTest.java_L97.hl7",
    "LinuxForHealth-hl7v2-fhir-converter__Hl7ORMMessageTest.java_L125.hl7",
    "LinuxForHealth-hl7v2-fhir-converter__Hl7ORMMessageTest.java_L223.hl7",
    "LinuxForHealth-hl7v2-fhir-converter__Hl7ORMMessageTest.java_L253.hl7",
    "cosyte-hl7__mixed-line-endings.hl7",
    "cosyte-hl7__mixed-terminators.hl7",
];

/// Nothing in them tells their charset: a listener that receives such has to be told, by `charset`.
const UNDECLARED: [&str; 1] = [
    "derived-sjis__nhoHQ-SSMIX2DataTestingTool__9999013_-_PPR-01_999999999999999_20111209163030000_01_1.hl7",
];

pub(crate) fn lf_is_data(row: &Row) -> bool {
    LF_IS_DATA.contains(&row.file.as_str())
}

/// The rule of a listener that receives this file.
pub(crate) fn charset(row: &Row) -> CharsetRule {
    let fixed = UNDECLARED.contains(&row.file.as_str()).then_some(row.decode.as_str());
    CharsetRule { fixed: fixed.and_then(|name| name.parse().ok()), ..CharsetRule::default() }
}

/// A deviation that names no row would hide something else one day.
pub(crate) fn all_are_rows(kind: &str, rows: &[Row]) -> Option<Trial> {
    let is_row = |file: &&&str| rows.iter().any(|row| row.file == **file);
    let named = LF_IS_DATA.iter().chain(&UNDECLARED);
    let unknown: Vec<&str> = named.filter(|file| !is_row(file)).copied().collect();
    (kind == "corpus").then(|| {
        Trial::test("corpus::every deviation names a file of the corpus", move || {
            if unknown.is_empty() { Ok(()) } else { Err(format!("no rows for {unknown:?}").into()) }
        })
    })
}
