//! The day: at ten past three every fit account gets its orders, once.
