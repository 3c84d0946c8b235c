//! A folder as destination, behind a pool.

use wardline_config::{Destination, DestinationKind, FileDestination, Order};
use wardline_store::DeliveryState;

use super::site::{Site, destination, until};
use crate::outbound::testing::message;

fn folder(path: &std::path::Path, template: &str) -> Destination {
    let path = path.join(template);
    let path = path.to_str().expect("plain").parse().expect("a template");
    destination(DestinationKind::File(FileDestination { path }))
}

#[actix::test]
async fn every_message_is_a_file_with_its_bytes() {
    for order in [Order::Fifo, Order::None] {
        let out = tempfile::tempdir().expect("a folder");
        let template = folder(out.path(), "{message_type}/{control_id}.hl7");
        let site = Site::new(Destination { order, ..template });
        site.start();
        site.accept(300).await;
        site.delivered(300).await;
        for number in 1..=300 {
            let id = format!("M{number}");
            let written = std::fs::read(out.path().join(format!("ADT/{id}.hl7"))).expect("there");
            assert_eq!(written, message(&id), "RAW-1");
        }
    }
}

#[actix::test]
async fn a_folder_that_cannot_be_made_is_retried_until_it_can() {
    let out = tempfile::tempdir().expect("a folder");
    let in_the_way = out.path().join("in");
    std::fs::write(&in_the_way, b"a file").expect("written");
    let site = Site::new(folder(out.path(), "in/{control_id}.hl7"));
    let pool = site.start();
    site.accept(2).await;
    until(|| site.counters.retried.get() >= 2).await;
    assert_eq!(pool.describe().await.reason.as_deref(), Some("file-failed"));
    assert_eq!(site.rows(DeliveryState::Pending).await.len(), 2);
    std::fs::remove_file(&in_the_way).expect("removed");
    site.delivered(2).await;
    assert!(in_the_way.join("M2.hl7").is_file());
}
