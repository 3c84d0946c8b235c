//! Files of the corpus that are read otherwise than its rows say, each for a reason that is a decision.

use libtest_mimic::Trial;

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

/// Charsets that are not read yet: only values in ASCII are compared.
const OTHER_CHARSETS: [&str; 12] = [
    "derived-sjis__nhoHQ-SSMIX2DataTestingTool__9999013_-_PPR-01_999999999999999_20111209163030000_01_1.hl7",
    "nhoHQ-SSMIX2DataTestingTool__0000001_20000401_OMP-11_123456789012345_20110701113813225_01_1.hl7",
    "nhoHQ-SSMIX2DataTestingTool__9999013_-_ADT-00_999999999999999_20111220224447339_-_1.hl7",
    "nhoHQ-SSMIX2DataTestingTool__9999013_-_ADT-61_999999999999999_20111014232213000_-_1.hl7",
    "nhoHQ-SSMIX2DataTestingTool__9999013_-_PPR-01_999999999999999_20111209163030000_01_1.hl7",
    "nhoHQ-SSMIX2DataTestingTool__9999013_20110630_OMP-11_123456789012345_20110701113813225_01_1.hl7",
    "nhoHQ-SSMIX2DataTestingTool__9999013_20110701_OMP-12_123456789012345_20110701113813225_01_1.hl7",
    "nhoHQ-SSMIX2DataTestingTool__9999013_20111013_OMD_123456789012345_20111014232213000_01_1.hl7",
    "nhoHQ-SSMIX2DataTestingTool__9999013_20111220_OMG-02_201212201252100_20111220224447339_01_1.hl7",
    "nhoHQ-SSMIX2DataTestingTool__9999013_20111220_OMG-03_201112200089100_20111220224447339_01_1.hl7",
    "nhoHQ-SSMIX2DataTestingTool__9999013_20111220_OMG-11_2011122000300_20111220224447339_24_1.hl7",
    "nhoHQ-SSMIX2DataTestingTool__9999013_20111220_OML-01_000000011000354_20111220103059123_15_1.hl7",
];

pub(crate) fn lf_is_data(row: &Row) -> bool {
    LF_IS_DATA.contains(&row.file.as_str())
}

pub(crate) fn has_other_charset(row: &Row) -> bool {
    OTHER_CHARSETS.contains(&row.file.as_str())
}

/// A deviation that names no row would hide something else one day.
pub(crate) fn all_are_rows(kind: &str, rows: &[Row]) -> Option<Trial> {
    let is_row = |file: &&&str| rows.iter().any(|row| row.file == **file);
    let named = LF_IS_DATA.iter().chain(&OTHER_CHARSETS);
    let unknown: Vec<&str> = named.filter(|file| !is_row(file)).copied().collect();
    (kind == "corpus").then(|| {
        Trial::test("corpus::every deviation names a file of the corpus", move || {
            if unknown.is_empty() { Ok(()) } else { Err(format!("no rows for {unknown:?}").into()) }
        })
    })
}
