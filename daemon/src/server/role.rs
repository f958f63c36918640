//! From a user id to a role: root, the daemon's own user and the configured operators may do
//! everything, viewers may look, a configured user is held to one person's accounts, others get nothing.

use std::collections::BTreeMap;

use muster_protocol::reply::Role;

use crate::config::Access;
use crate::engine::Peer;

/// Who has which role.
#[derive(Debug, Clone)]
pub struct Roles {
    own: u32,
    named: BTreeMap<u32, Role>,
}

impl Roles {
    /// The roles of the configuration, for a daemon that runs as `own`.
    pub fn new(access: &Access, own: u32) -> Self {
        let mut named = BTreeMap::new();
        for person in &access.users {
            named.insert(person.uid, Role::User { user: person.user.clone() });
        }
        for uid in &access.viewers {
            named.insert(*uid, Role::Viewer);
        }
        for uid in &access.operators {
            named.insert(*uid, Role::Operator);
        }
        Self { own, named }
    }

    /// The peer behind a user id, if it has a role.
    pub fn peer(&self, uid: u32) -> Option<Peer> {
        let role = match self.named.get(&uid) {
            Some(role) => role.clone(),
            None if uid == 0 || uid == self.own => Role::Operator,
            None => return None,
        };
        Some(Peer { role, name: format!("uid {uid}") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i21_a_stranger_gets_nothing() {
        let access: Access = toml::from_str(
            "operators = [1000]\nviewers = [1001]\nusers = [{ uid = 1002, user = \"asha\" }]",
        )
        .unwrap();
        let roles = Roles::new(&access, 900);
        let role = |uid| roles.peer(uid).map(|peer| peer.role);
        for uid in [0, 900, 1000] {
            assert_eq!(role(uid), Some(Role::Operator));
        }
        assert_eq!(role(1001), Some(Role::Viewer));
        assert_eq!(role(1002), Some(Role::User { user: "asha".parse().unwrap() }));
        assert_eq!(role(1003), None);
        // 65534 is what every user looks like from a user namespace.
        assert_eq!(role(65_534), None);
    }
}
