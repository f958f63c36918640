//! What every broker's adapter promises, whatever the broker: each promise is one function, kept by
//! each adapter against the sandbox. A new broker is one line here.

#[cfg(test)]
mod doubts;
#[cfg(test)]
mod faults;
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

            use crate::{doubts, refusals, routes};

            crate::promises! { Broker::$broker;
                doubts::in_doubt_is_found_by_tag,
                doubts::every_unclear_answer_is_in_doubt,
                doubts::secrets_never_in_errors,
                refusals::a_refusal_is_never_in_doubt,
                refusals::rejected_credentials_are_not_retried,
                refusals::ip_refusal_names_the_ip,
                refusals::no_address_at_all,
                refusals::session_death_is_told,
                routes::a_redirect_is_not_followed,
                routes::every_order_leaves_from_the_bound_address,
                routes::no_order_leaves_from_another_address,
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

pub(crate) use promises;

keeps! {
    AngelOne: angel_one;
    Zerodha: zerodha;
}
