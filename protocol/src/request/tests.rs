//! Who may ask, and that what is refused is not quoted.

use super::*;

#[test]
fn a_viewer_cannot_touch_and_a_user_cannot_operate() {
    let user = Role::User { user: "asha".parse().unwrap() };
    assert!(Role::Viewer.allows(Permission::Read) && !Role::Viewer.allows(Permission::Own));
    assert!(user.allows(Permission::Own) && !user.allows(Permission::Operate));
    assert!(Role::Operator.allows(Permission::Operate));
}

#[test]
fn methods_are_unique() {
    let mut methods = Request::METHODS.to_vec();
    methods.sort_unstable();
    methods.dedup();
    assert_eq!(methods.len(), Request::METHODS.len());
}
