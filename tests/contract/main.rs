//! What every broker's adapter promises, whatever the broker: each promise is one function, kept by
//! each adapter against the sandbox. A new broker is one line here.

#[cfg(test)]
mod answers;
#[cfg(test)]
mod bounds;
#[cfg(test)]
mod daemon;
#[cfg(test)]
mod doubts;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod lists;
#[cfg(test)]
mod proxies;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod routes;
#[cfg(test)]
mod subject;

/// A module of tests for a broker, one for each promise.
macro_rules! keeps {
    ($($broker:ident: $name:ident;)*) => { $(
        #[cfg(test)]
        mod $name {
            use muster_protocol::order::Broker;

            use crate::{answers, bounds, doubts, lists, proxies, refusals, routes};

            crate::promises! { Broker::$broker;
                doubts::in_doubt_is_found_by_tag,
                doubts::every_unclear_answer_is_in_doubt,
                doubts::secrets_never_in_errors,
                refusals::a_refusal_is_never_in_doubt,
                refusals::rejected_credentials_are_not_retried,
                refusals::ip_refusal_names_the_ip,
                refusals::no_address_at_all,
                refusals::session_death_is_told,
                routes::redirects_are_not_followed,
                routes::every_order_leaves_from_the_bound_address,
                routes::no_order_leaves_from_another_address,
                bounds::a_slow_reply_is_a_doubt,
                bounds::a_body_over_the_cap_is_cut,
                bounds::the_tag_comes_back,
                bounds::a_throttled_read_is_no_doubt_and_a_throttled_order_is,
                bounds::a_flood_is_counted_right,
                bounds::readers_stay_under_the_brokers_limits,
                bounds::an_unpriced_order_never_leaves,
                answers::either_answer_is_understood,
                answers::a_list_is_read_with_and_without_a_session,
                answers::an_unknown_key_is_the_keys_fault,
                bounds::consent_is_never_given_for_the_holder,
                bounds::maintenance_is_told_where_the_broker_tells,
                lists::an_unchanged_list_is_not_sent_again,
                lists::half_a_list_is_none,
            }

            crate::promises_over_tls! { Broker::$broker;
                proxies::orders_leave_by_the_proxy_and_by_nothing_else,
                proxies::a_proxy_that_does_not_connect_lets_nothing_out,
                proxies::each_refusal_of_a_socks_proxy_says_which,
                proxies::a_proxy_that_goes_away_lets_nothing_out,
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn nothing_is_sent_after_halt() -> anyhow::Result<()> {
                crate::daemon::nothing_is_sent_after_halt(Broker::$broker).await
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn session_expiry_is_noticed_and_relogin_happens_once() -> anyhow::Result<()> {
                crate::daemon::session_expiry_is_noticed_and_relogin_happens_once(Broker::$broker)
                    .await
            }
        }
    )* };
}

macro_rules! promises {
    ($broker:expr; $($file:ident::$promise:ident,)*) => { $(
        #[tokio::test(flavor = "multi_thread")]
        async fn $promise() -> anyhow::Result<()> {
            $file::$promise(crate::subject::Subject::new($broker).await?).await
        }
    )* };
}

macro_rules! promises_over_tls {
    ($broker:expr; $($file:ident::$promise:ident,)*) => { $(
        #[tokio::test(flavor = "multi_thread")]
        async fn $promise() -> anyhow::Result<()> {
            $file::$promise(crate::subject::Subject::over_tls($broker).await?).await
        }
    )* };
}

pub(crate) use {promises, promises_over_tls};

keeps! {
    AngelOne: angel_one;
    Zerodha: zerodha;
}
