//! Who dials whom, and what each side then has.

use insta::assert_snapshot;
use wardline_config::{ClientTls, DestinationKind, Entrance, PeerEndpoint};

use crate::site;

#[test]
fn both_ends_may_dial_or_wait() {
    let site = site(
        "[[listeners]]\nid = \"in\"\nrole = \"client\"\naddress = \"analyzer:4000\"\nconnections = 2\ntls = {}\n\
         retry = { max = \"5s\" }\n\
         [[destinations]]\nid = \"out\"\nkind = \"mllp\"\nrole = \"server\"\nbind = \"127.0.0.1:2600\"\n\
         allow = [\"10.0.0.0/8\"]\n",
    );
    let config = site.load(&[]).unwrap_or_else(|faults| unreachable!("{faults}")).config;
    let Entrance::Dial(dialling) = &config.listeners[0].entrance else {
        unreachable!("a listener that dials")
    };
    assert_eq!((dialling.peer.address.as_str(), dialling.connections.get()), ("analyzer:4000", 2));
    assert_eq!((dialling.first.as_secs(), dialling.max.as_secs()), (1, 5));
    assert_eq!(dialling.peer.tls, Some(ClientTls::default()));
    assert_eq!(config.listeners[0].max_connections.get(), 2, "as many as are dialled");
    let DestinationKind::Mllp(mllp) = &config.destinations[0].kind else {
        unreachable!("a destination over MLLP")
    };
    let PeerEndpoint::Awaited(awaited) = &mllp.endpoint else {
        unreachable!("a destination that waits for its peer")
    };
    assert_eq!((awaited.bind.port(), awaited.allow.len(), &awaited.tls), (2600, 1, &None));
}

#[test]
fn each_role_has_its_own_keys() {
    let site = site(
        "[[listeners]]\nid = \"in\"\nrole = \"client\"\nbind = \"127.0.0.1:2575\"\nmax_per_source = 2\n\
         retry = { first = \"2min\" }\n\
         [[listeners]]\nid = \"other\"\nbind = \"127.0.0.1:2600\"\naddress = \"analyzer:4000\"\n\
         [[destinations]]\nid = \"out\"\nkind = \"mllp\"\nrole = \"server\"\nbind = \"127.0.0.1:2600\"\n\
         address = \"lis:1\"\ntls = { ca = \"ca.pem\" }\n\
         [[destinations]]\nid = \"last\"\nkind = \"mllp\"\nrole = \"both\"\naddress = \"lis:1\"\n",
    );
    let faults = site.load(&[]).expect_err("faults");
    assert_snapshot!(site.portable(&faults.to_string()));
}

#[test]
fn a_destination_that_lets_everybody_in_is_warned_of() {
    let site = site(
        "[[listeners]]\nid = \"in\"\nbind = \"127.0.0.1:2575\"\n\
         [[destinations]]\nid = \"out\"\nkind = \"mllp\"\nrole = \"server\"\nbind = \"0.0.0.0:2600\"\n\
         [[routes]]\nid = \"all\"\nto = [\"out\"]\nmatch = {}\n",
    );
    let loaded = site.load(&[]).expect("no fault");
    assert_snapshot!(site.portable(&loaded.render_warnings(wardline_config::Paint::Plain)));
}
