//! What nobody knows of the brokers, and the switch that plays either answer.

use muster_tests::sandbox::{
    AngelTypes, BrowserLogin, CancelRedirect, ListLogin, Rules, Sandbox, UnknownKey,
};
use serde_json::{Value, json};

use crate::client::{
    ANGEL_BOOK, ANGEL_LOGIN, ANGEL_PLACE, ANGEL_PROFILE, Caller, angel, angel_credentials,
    angel_order, angel_stranger, kite, kite_account, kite_stranger, sandbox,
};

#[tokio::test]
async fn a_list_is_given_to_everybody_or_to_who_is_logged_in() {
    let sandbox = sandbox().await;
    let (stranger, member) = (kite_stranger(&sandbox), kite(&sandbox).await);
    for path in ["/instruments", "/instruments/NSE"] {
        assert_eq!(stranger.get_gzip(path).await.status, 200);
    }
    sandbox.set_rules(Rules { list_login: ListLogin::Needed, ..Rules::default() });
    for path in ["/instruments", "/instruments/NSE"] {
        let refused = stranger.get(path).await;
        assert_eq!(
            (refused.status, &refused.json()["error_type"]),
            (403, &json!("TokenException"))
        );
        let list = member.get_gzip(path).await;
        assert!(list.body.contains(",SBIN,"), "{}", list.body);
    }
    let etag = member.get_gzip("/instruments").await.header("etag").unwrap().to_owned();
    let known = |caller: Caller| caller.with("If-None-Match", &etag);
    assert_eq!(known(member).get("/instruments").await.status, 304);
    assert_eq!(known(stranger).get("/instruments").await.status, 403, "who asks comes first");
    sandbox.stop().await;
}

fn cancelled(sandbox: &Sandbox) -> String {
    let account = kite_account(sandbox);
    let login = BrowserLogin {
        user_id: account.user_id,
        api_key: account.api_key,
        redirect_params: "state=n+1".to_owned(),
        cancel: true,
    };
    let url = url::Url::parse(&sandbox.kite_login(&login).unwrap()).unwrap();
    url.query().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_cancelled_login_comes_back_bare_or_with_what_the_link_carried() {
    let sandbox = sandbox().await;
    assert_eq!(cancelled(&sandbox), "status=cancelled");
    sandbox.set_rules(Rules { cancel_redirect: CancelRedirect::Full, ..Rules::default() });
    assert_eq!(cancelled(&sandbox), "action=login&type=login&status=cancelled&state=n+1");
    sandbox.stop().await;
}

#[tokio::test]
async fn a_book_comes_in_numbers_or_in_texts() {
    let sandbox = sandbox().await;
    let member = angel(&sandbox).await;
    member.post(ANGEL_PLACE, &angel_order("muster01")).await;
    let row = member.get(ANGEL_BOOK).await.json()["data"][0].clone();
    assert_eq!((&row["price"], &row["symboltoken"]), (&json!(812.4), &json!("3045")));
    sandbox.set_rules(Rules { angel_types: AngelTypes::Texts, ..Rules::default() });
    let row = member.get(ANGEL_BOOK).await.json()["data"][0].clone();
    assert_eq!((&row["price"], &row["symboltoken"]), (&json!("812.40"), &Value::Null));
    assert!(row.as_object().unwrap().values().all(|value| !value.is_number()), "{row}");
    let asked = json!({ "exchange": "NSE", "tradingsymbol": "SBIN-EQ", "symboltoken": "3045" });
    let price = "/rest/secure/angelbroking/order/v1/getLtpData";
    assert_eq!(member.post(price, &asked).await.json()["data"]["ltp"], "812.40");
    sandbox.stop().await;
}

#[tokio::test]
async fn a_login_with_an_unknown_key_is_refused_in_one_of_three_ways() {
    let sandbox = sandbox().await;
    let member = angel(&sandbox).await;
    for (unknown_key, status, wanted) in [
        (UnknownKey::Coded, 200, Some(("errorCode", "AG8004"))),
        (UnknownKey::Person, 200, Some(("errorcode", "AB1000"))),
        (UnknownKey::Bare, 400, None),
    ] {
        sandbox.set_rules(Rules { unknown_key, ..Rules::default() });
        let strange = angel_stranger(&sandbox).with("X-PrivateKey", "CANARY99");
        let answer = strange.post(ANGEL_LOGIN, &angel_credentials(&sandbox)).await;
        assert_eq!(answer.status, status, "{unknown_key:?}");
        match wanted {
            Some((field, code)) => assert_eq!(answer.json()[field], code),
            None => assert_eq!(answer.body, ""),
        }
        // With a session the gateway's code is known.
        let strange = member.clone().with("X-PrivateKey", "CANARY99");
        let answer: Value = strange.get(ANGEL_PROFILE).await.json();
        assert_eq!(answer["errorCode"], "AG8004", "{unknown_key:?}");
    }
    sandbox.stop().await;
}
