use super::*;
use crate::access::{AccessFolder, HashedPassword, Right, Rights, Role};

fn password() -> HashedPassword {
    HashedPassword::of("a long enough one").unwrap()
}

fn user(name: &str, role: Role) -> NewUser {
    NewUser {
        name: name.to_owned(),
        role,
        content: false,
        password: password(),
        by: "root".to_owned(),
    }
}

fn token(name: &str, rights: &[Right]) -> NewToken {
    let all = Right::ALL.into_iter().collect();
    let rights = rights.iter().copied().collect();
    NewToken { name: name.to_owned(), rights, ends: None, by: "root".to_owned(), own: all }
}

fn now() -> Timestamp {
    "2026-04-03T12:00:00Z".parse().unwrap()
}

#[test]
fn the_last_administrator_stays() {
    let mut record = Record::default();
    record.add_user(user("ann", Role::Admin), now()).unwrap();
    record.add_user(user("bob", Role::Operator), now()).unwrap();
    let demoted = UserChange { role: Some(Role::Viewer), ..UserChange::default() };
    assert!(matches!(record.change_user("ann", demoted), Err(AccessFault::LastAdmin)));
    let disabled = UserChange { disabled: Some(true), ..UserChange::default() };
    assert!(matches!(record.change_user("ann", disabled), Err(AccessFault::LastAdmin)));
    assert!(matches!(record.remove_user("ann"), Err(AccessFault::LastAdmin)));
    assert!(record.user("ann").unwrap().is_active_admin(), "nothing was changed");
    let promoted = UserChange { role: Some(Role::Admin), ..UserChange::default() };
    record.change_user("bob", promoted).unwrap();
    record.remove_user("ann").unwrap();
    assert!(record.user("ann").is_none());
}

#[test]
fn a_new_password_ends_sessions_and_another_role_does_not() {
    let mut record = Record::default();
    record.add_user(user("Ann", Role::Admin), now()).unwrap();
    let first = record.user("ann").unwrap().generation;
    let content = UserChange { content: Some(true), ..UserChange::default() };
    assert_eq!(record.change_user("ann", content).unwrap().generation, first);
    let changed = UserChange { password: Some(password()), ..UserChange::default() };
    assert!(record.change_user("ANN", changed).unwrap().generation > first);
}

#[test]
fn names_are_plain_and_taken_once() {
    let mut record = Record::default();
    for name in ["", " ", "a b", "ä", "<b>", "../x", &"x".repeat(65)] {
        let added = record.add_user(user(name, Role::Viewer), now());
        assert!(matches!(added, Err(AccessFault::Name)), "{name}");
    }
    record.add_user(user(" M.Ruiz@st-e ", Role::Viewer), now()).unwrap();
    let again = record.add_user(user("m.ruiz@st-e", Role::Viewer), now());
    assert!(matches!(again, Err(AccessFault::Taken)));
}

#[test]
fn an_auditor_is_never_given_content() {
    let mut record = Record::default();
    let auditor = NewUser { content: true, ..user("eve", Role::Auditor) };
    assert!(matches!(record.add_user(auditor, now()), Err(AccessFault::AuditorContent)));
}

#[test]
fn a_token_is_known_by_what_was_shown_once_until_it_ends() {
    let mut record = Record::default();
    let ends = "2026-04-04T12:00:00Z".parse().unwrap();
    let new = NewToken { ends: Some(ends), ..token("monitor", &[Right::See]) };
    let shown = record.add_token(new, now()).unwrap();
    let found = record.token(&shown, now()).expect("known");
    assert_eq!(found.rights(), [Right::See].into_iter().collect::<Rights>());
    assert!(record.token(&shown, ends).is_none(), "its time is over");
    assert!(record.token(&shown.to_uppercase(), now()).is_none());
    assert!(record.token("wardline_", now()).is_none());
    assert!(!serde_json::to_string(&record).unwrap().contains(&shown));
    record.revoke_token("monitor").unwrap();
    assert!(record.token(&shown, now()).is_none());
}

#[test]
fn a_token_ends_with_its_maker_and_may_do_no_more_than_he() {
    let mut record = Record::default();
    record.add_user(user("root", Role::Admin), now()).unwrap();
    record.add_user(user("ann", Role::Admin), now()).unwrap();
    let by = |name: &str, by: &str| NewToken {
        by: by.to_owned(),
        ..token(name, &[Right::See, Right::Administer])
    };
    let first = record.add_token(by("first", "ann"), now()).unwrap();
    let second = record.add_token(by("second", "token:first"), now()).unwrap();
    let machine = record.add_token(by("machine", "the operating system"), now()).unwrap();
    let may = |record: &Record, shown: &str| {
        record.token(shown, now()).and_then(|token| record.rights_of(token))
    };
    let both: Rights = [Right::See, Right::Administer].into_iter().collect();
    assert_eq!((may(&record, &first), may(&record, &second)), (Some(both), Some(both)));
    let lowered = UserChange { role: Some(Role::Viewer), ..UserChange::default() };
    record.change_user("ann", lowered).unwrap();
    let see = Some([Right::See].into_iter().collect());
    assert_eq!((may(&record, &first), may(&record, &second)), (see, see));
    let disabled = UserChange { disabled: Some(true), ..UserChange::default() };
    record.change_user("ann", disabled).unwrap();
    assert_eq!((may(&record, &first), may(&record, &second)), (None, None));
    record.remove_user("ann").unwrap();
    record.add_user(user("ann", Role::Admin), now()).unwrap();
    assert_eq!((may(&record, &first), may(&record, &second)), (None, None));
    let left: Vec<&str> = record.tokens().iter().map(|token| token.name.as_str()).collect();
    assert_eq!((left, may(&record, &machine)), (vec!["machine"], Some(both)));
}

#[test]
fn nobody_gives_a_token_more_than_he_has() {
    let mut record = Record::default();
    let own = Rights::of(Role::Admin, false);
    let new = NewToken { own, ..token("reader", &[Right::Content]) };
    assert!(matches!(record.add_token(new, now()), Err(AccessFault::MoreThanOwn)));
    let none = record.add_token(token("nothing", &[]), now());
    assert!(matches!(none, Err(AccessFault::NoRights)));
    let over = NewToken { ends: Some(now()), ..token("late", &[Right::See]) };
    assert!(matches!(record.add_token(over, now()), Err(AccessFault::EndsInThePast)));
}

#[test]
fn what_is_changed_is_read_back_and_private() {
    use std::os::unix::fs::PermissionsExt;

    let data = tempfile::tempdir().unwrap();
    let folder = AccessFolder::of(data.path());
    assert!(folder.read().unwrap().is_empty());
    folder.change(|record| record.add_user(user("ann", Role::Admin), now()).map(|_| ())).unwrap();
    assert_eq!(folder.read().unwrap().users().len(), 1);
    let mode = |path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(folder.file()), 0o600);
    assert_eq!(mode(data.path().join("access")), 0o700);
}

#[test]
fn a_file_that_is_none_of_ours_is_a_fault_and_not_nobody() {
    let data = tempfile::tempdir().unwrap();
    let folder = AccessFolder::of(data.path());
    folder.make().unwrap();
    for text in ["", "{}", "{\"version\":2,\"users\":[],\"tokens\":[]}"] {
        std::fs::write(folder.file(), text).unwrap();
        assert!(folder.read().is_err(), "{text}");
        assert!(folder.change(|_| Ok(())).is_err(), "{text}");
    }
}
