//! The layers of ARCHITECTURE.md as data. A row holds for a module and all below it, unless a module
//! below has a row of its own; the row `*` holds where there is no other. A module may always know itself; the rest is written here.

/// A folder of sources with one root module.
pub(crate) struct Crate {
    pub(crate) dir: &'static str,
    pub(crate) layers: &'static [Layer],
}

/// What one module may know.
pub(crate) struct Layer {
    pub(crate) module: &'static str,
    /// Modules of the same crate; `*` is all of them.
    pub(crate) may: &'static [&'static str],
    /// Exceptions from `may`, and from the module's own inside.
    pub(crate) never: &'static [&'static str],
    /// Other crates, or modules of them.
    pub(crate) crates: &'static [&'static [&'static str]],
}

type Names = &'static [&'static str];

const fn row(module: &'static str, may: Names, crates: &'static [Names]) -> Layer {
    Layer { module, may, never: &[], crates }
}

/// What is said, without how it travels.
const WORDS: Names = &[
    "muster_protocol::account",
    "muster_protocol::calendar",
    "muster_protocol::audit",
    "muster_protocol::check",
    "muster_protocol::event",
    "muster_protocol::failure",
    "muster_protocol::frame::Code",
    "muster_protocol::frame::Failure",
    "muster_protocol::halt",
    "muster_protocol::house",
    "muster_protocol::ids",
    "muster_protocol::instrument",
    "muster_protocol::money",
    "muster_protocol::muster",
    "muster_protocol::order",
    "muster_protocol::plan",
    "muster_protocol::reply",
    "muster_protocol::request",
    "muster_protocol::run",
    "muster_protocol::status",
    "muster_protocol::tally",
    "muster_protocol::time",
    "muster_protocol::valid",
    "muster_protocol::vault",
    "muster_protocol::version",
];
const PROTOCOL: Names = &["muster_protocol"];
const SERDE: Names = &["serde", "serde_json"];
const ERRORS: Names = &["thiserror"];
const TASKS: Names = &["tokio", "tokio_util", "async_trait", "tracing"];
const CRYPTO: Names =
    &["aes_gcm", "argon2", "data_encoding", "getrandom", "hkdf", "hmac", "sha2", "subtle"];
const WIPED: Names = &["secrecy", "zeroize"];
const HTTP: Names =
    &["hyper", "reqwest", "rustls", "rustls_native_certs", "url", "form_urlencoded"];
const ALL: Names = &["*"];

/// Every crate whose modules have an order.
pub(crate) const CRATES: &[Crate] = &[
    Crate { dir: "protocol/src", layers: PROTOCOL_LAYERS },
    Crate { dir: "daemon/src", layers: DAEMON_LAYERS },
    Crate { dir: "tui/src", layers: TUI_LAYERS },
    Crate { dir: "tests/src/sandbox", layers: SANDBOX_LAYERS },
];

const PROTOCOL_LAYERS: &[Layer] = &[
    // The words: no IO of any kind.
    Layer {
        module: "*",
        may: ALL,
        never: &["client", "conn", "endpoint"],
        crates: &[SERDE, ERRORS, WIPED, &["data_encoding", "jiff", "sha2"]],
    },
    row("conn", &["frame", "parts"], &[SERDE, ERRORS, WIPED, &["tokio"]]),
    row("endpoint", &[], &[&["interprocess", "tokio"]]),
    row("client", ALL, &[SERDE, ERRORS, WIPED, &["interprocess", "tokio"]]),
];

const DAEMON_LAYERS: &[Layer] = &[
    // The roots wire.
    row("", ALL, &[ALL]),
    row("main", ALL, &[ALL]),
    row("cli", ALL, &[ALL]),
    row("daemon", ALL, &[ALL]),
    row("upkeep", ALL, &[ALL]),
    row("tests", ALL, &[ALL]),
    row("config", &["domain", "clock"], &[PROTOCOL, SERDE, ERRORS, &["toml"]]),
    row("passphrase", &[], &[ERRORS, WIPED, &["rustix"]]),
    // Pure: no clock, no IO, no randomness.
    row("domain", &[], &[WORDS, SERDE, ERRORS, &["sha2", "data_encoding"]]),
    row(
        "credential",
        &[],
        &[
            &["muster_protocol::account", "muster_protocol::ids", "muster_protocol::order"],
            &["muster_protocol::secret", "muster_protocol::time"],
            SERDE,
            ERRORS,
            WIPED,
        ],
    ),
    row(
        "vault",
        &[],
        &[&["muster_protocol::ids", "muster_protocol::key_text"], ERRORS, CRYPTO, WIPED, SERDE],
    ),
    row(
        "store",
        &["domain::record", "failpoint"],
        &[WORDS, SERDE, ERRORS, &["redb", "rustix", "getrandom", "sha2", "tracing", "flate2"]],
    ),
    row("failpoint", &[], &[&["rustix"]]),
    row("clock", &[], &[&["muster_protocol::status", "muster_protocol::time", "rustix"], TASKS]),
    row("egress", &["domain", "broker::http"], &[WORDS, ERRORS, TASKS, HTTP]),
    Layer {
        module: "broker",
        may: &["domain", "credential"],
        never: &["broker::angel_one", "broker::zerodha"],
        crates: BROKER_CRATES,
    },
    row("broker::registry", &["domain", "credential", "broker"], BROKER_CRATES),
    adapter("broker::angel_one", &["broker::zerodha", "broker::registry::adapter"]),
    adapter("broker::zerodha", &["broker::angel_one", "broker::registry::adapter"]),
    row(
        "custody",
        &["vault", "store", "credential"],
        &[
            &[
                "muster_protocol::ids",
                "muster_protocol::status",
                "muster_protocol::tally",
                "muster_protocol::time",
            ],
            &["muster_protocol::order", "muster_protocol::failure"],
            &["muster_protocol::secret", "muster_protocol::vault"],
            ERRORS,
            CRYPTO,
            WIPED,
        ],
    ),
    row(
        "engine",
        &[
            "domain",
            "credential",
            "vault",
            "store",
            "broker",
            "clock",
            "egress",
            "custody",
            "failpoint",
        ],
        &[PROTOCOL, SERDE, ERRORS, TASKS, &["hmac", "sha2", "data_encoding", "zeroize"]],
    ),
    // The doors: each knows the engine's handle, none another.
    row(
        "server",
        &["engine", "config::Access", "config::UserAccess"],
        &[PROTOCOL, SERDE, ERRORS, TASKS, &["interprocess", "rustix", "zeroize"]],
    ),
    row(
        "callback",
        &["engine::Handle", "credential"],
        &[TASKS, &["axum", "muster_protocol::frame"]],
    ),
    row("notify", &["engine"], &[PROTOCOL, SERDE, ERRORS, TASKS]),
    row("metrics", &["engine"], &[PROTOCOL, TASKS]),
    row("systemd", &["engine"], &[PROTOCOL, ERRORS, TASKS, &["sd_notify", "listenfd", "rustix"]]),
];

const BROKER_CRATES: &[Names] = &[
    WORDS,
    SERDE,
    ERRORS,
    TASKS,
    HTTP,
    &["data_encoding", "jiff", "sha2", "totp_rs", "zeroize"],
    &["proptest"], // of its tests; no program is built with it
];

/// An adapter knows what all share, and no other adapter.
const fn adapter(module: &'static str, never: Names) -> Layer {
    Layer { module, may: &["domain", "credential", "broker"], never, crates: BROKER_CRATES }
}

const TUI_LAYERS: &[Layer] = &[
    row("", ALL, &[ALL]),
    row("main", ALL, &[ALL]),
    row("cli", ALL, &[ALL]),
    row("commands", ALL, &[ALL]),
    row("config", ALL, &[ALL]),
    row("session", ALL, &[ALL]),
    row("runtime", ALL, &[ALL]),
    row("tests", ALL, &[ALL]),
    // Pure: no terminal, no runtime, and no secret on its way.
    row("app", &["text"], &[WORDS, &["serde"]]),
    row("text", &[], &[&["muster_protocol::time", "unicode_segmentation", "unicode_width"]]),
    row("glyph", &[], &[WORDS]),
    row("theme", &["app::look"], &[&["ratatui"]]),
    row(
        "view",
        &["app", "glyph", "text", "theme"],
        &[WORDS, &["ratatui", "qrcode", "unicode_width"]],
    ),
    row("secrets", &["app"], &[WORDS, WIPED, &["muster_protocol::secret"]]),
    row("link", &["app", "secrets"], &[PROTOCOL, SERDE, ERRORS, &["tokio", "tokio_util"]]),
    row("input", &["app"], &[&["crossterm", "rustix", "tui_input"], WIPED]),
    row("clipboard", &[], &[&["data_encoding"]]),
    row("last_words", &[], &[&["muster_protocol::last_words"]]),
    row("figures", &["app", "frame", "view"], &[WORDS, &["ratatui", "tokio"]]),
    row("frame", &["app", "view", "theme"], &[&["ratatui", "crossterm"]]),
    row("terminal", &["app", "frame", "view"], &[&["ratatui", "crossterm", "rustix"]]),
];

/// A peer on the wire: none of ours, so that no mistake is made on both sides at once.
const SANDBOX_LAYERS: &[Layer] = &[row(
    "*",
    ALL,
    &[
        SERDE,
        &["anyhow", "data_encoding", "flate2", "form_urlencoded", "getrandom", "hyper"],
        &["hyper_util", "jiff", "rcgen", "rustls", "sha2", "tokio", "tokio_rustls", "tokio_util"],
        &["totp_rs", "url"],
    ],
)];
