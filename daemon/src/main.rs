//! The daemon's binary: everything is in the library.

fn main() -> std::process::ExitCode {
    musterd::cli::main()
}
