//! What is known of the brokers' answers, held against the adapters: each answer goes through a real
//! socket to a read, a login, a placing and a cancelling. The answers are in the brokers' folders.

use muster_protocol::failure::FailureKind as Kind;
use muster_protocol::ids::OrderId;
use muster_protocol::order::Broker;
use muster_protocol::time::Timestamp;

use super::peer::{Act, Peer};
use super::tests::{at, credential, order, secret, session};
use super::{Auth, BrokerError, Proof};

/// One answer and what it means.
#[derive(Debug, Clone)]
pub(super) struct Known {
    /// The HTTP status.
    pub(super) status: u16,
    /// The body, as it comes.
    pub(super) body: String,
    /// To a call that reads, and to a login unless told otherwise.
    pub(super) read: Kind,
    /// To a call that places or cancels.
    pub(super) write: Kind,
}

/// Gives the answer to every sort of call and compares what each makes of it.
pub(super) async fn hold(broker: Broker, known: &Known) {
    hold_login(broker, known, known.read).await;
}

/// The same for an answer that means something else to a login.
pub(super) async fn hold_login(broker: Broker, known: &Known, login: Kind) {
    let (status, body) = (known.status, known.body.clone());
    let peer = Peer::start(move |_| Act::Answer(status, body.clone())).await;
    let (adapter, credential) = (at(broker, &peer.url), credential(broker));
    let session = session(broker);
    let auth = Auth { credential: &credential, session: &session };
    let now = Timestamp::from_millis(0);
    let token = secret("CANARYrequesttoken");
    let proof = match broker {
        Broker::AngelOne => Proof::OneTimeCode { now },
        Broker::Zerodha => Proof::RequestToken(&token),
    };
    let number = OrderId("1".to_owned());
    let errors: [Option<BrokerError>; 4] = [
        adapter.profile(auth).await.err(),
        adapter.login(&credential, proof, now).await.err(),
        adapter.place(auth, &order()).await.err(),
        adapter.cancel(auth, &number).await.err(),
    ];
    let kinds = errors.each_ref().map(|error| error.as_ref().map(|error| error.kind));
    let wanted = [known.read, login, known.write, known.write].map(Some);
    assert_eq!(kinds, wanted, "{known:?}");
    assert_eq!(peer.seen().len(), 4, "each call is made once: {known:?}");
    for error in errors.iter().flatten() {
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("CANARY"), "{shown}");
        assert!(error.says.as_ref().is_some_and(|says| !says.is_empty()), "{known:?}");
    }
}
