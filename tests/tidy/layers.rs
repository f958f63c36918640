//! Imports go down the picture of ARCHITECTURE.md only: finds every path a file names, and asks the
//! table whether the file's module may know it.

use crate::lexer::{self, Token};
use crate::table::{CRATES, Crate, Layer};
use crate::tree::{File, Finding};

/// A path as it stands in a file: `crate::store::Store`, `tokio::sync`.
#[derive(Debug, PartialEq, Eq)]
struct Named {
    segments: Vec<String>,
    line: usize,
    /// Inside `mod tests`.
    in_tests: bool,
}

/// Reads the paths of one file. `module` is where the file stands in its crate.
struct Reader<'t> {
    tokens: &'t [Token],
    module: Vec<String>,
    externals: &'t [String],
    /// Modules opened in this file, with the depth of braces at which each ends.
    inner: Vec<(String, usize)>,
    depth: usize,
    found: Vec<Named>,
}

impl Reader<'_> {
    fn read(mut self) -> Vec<Named> {
        let mut at = 0;
        while at < self.tokens.len() {
            at = self.step(at);
        }
        self.found
    }

    fn step(&mut self, at: usize) -> usize {
        match self.text(at) {
            "{" => self.depth += 1,
            "}" => {
                self.depth = self.depth.saturating_sub(1);
                self.inner.retain(|(_, ends)| *ends <= self.depth);
            }
            "mod" if self.text(at + 2) == "{" => {
                self.depth += 1;
                self.inner.push((self.text(at + 1).to_owned(), self.depth));
                return at + 3;
            }
            head if self.is_head(at) => {
                if let Some(start) = self.start(head) {
                    return self.path(at, start);
                }
            }
            _ => {}
        }
        at + 1
    }

    fn text(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| token.text.as_str())
    }

    /// Whether a path begins here: `use a;` names one, too.
    fn is_head(&self, at: usize) -> bool {
        let before = at.checked_sub(1).map_or("", |before| self.text(before));
        before != "::" && (self.text(at + 1) == "::" || before == "use")
    }

    /// What a first word stands for; `None` for a name of this file's own.
    fn start(&self, head: &str) -> Option<Vec<String>> {
        let here = || {
            let inner = self.inner.iter().map(|(name, _)| name.clone());
            let module: Vec<String> = self.module.iter().cloned().chain(inner).collect();
            [vec!["crate".to_owned()], module].concat()
        };
        match head {
            "crate" => Some(vec!["crate".to_owned()]),
            "self" => Some(here()),
            "super" => here().split_last().map(|(_, above)| above.to_vec()),
            _ if self.externals.iter().any(|known| known == head) => Some(vec![head.to_owned()]),
            _ => None,
        }
    }

    /// Follows a path from its first word, into the braces of a `use`; returns where it ends.
    fn path(&mut self, at: usize, mut segments: Vec<String>) -> usize {
        let line = self.tokens[at].line;
        let mut at = at + 1;
        while self.text(at) == "::" {
            match self.text(at + 1) {
                "{" => return self.group(at + 2, &segments),
                "super" => drop(segments.pop()),
                word if word.starts_with(lexer::is_word) => segments.push(word.to_owned()),
                _ => break,
            }
            at += 2;
        }
        let in_tests = self.inner.iter().any(|(name, _)| name == "tests");
        self.found.push(Named { segments, line, in_tests });
        at
    }

    fn group(&mut self, mut at: usize, above: &[String]) -> usize {
        loop {
            match self.text(at) {
                "" => return at,
                "}" => return at + 1,
                "self" => at = self.path(at, above.to_vec()),
                word if word.starts_with(lexer::is_word) => {
                    at = self.path(at, [above, &[word.to_owned()]].concat());
                }
                _ => at += 1,
            }
        }
    }
}

/// Every edge of these files that the table lacks.
fn wrong_edges(files: &[File], externals: &[String]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.is_rust()) {
        let Some(part) = CRATES.iter().find(|part| part.holds(&file.path)) else { continue };
        let module = module_of(&file.path, part);
        let Some(layer) = part.layer(&module.join("::")) else {
            let advice = format!("`{}` has no row in tests/tidy/table.rs", module.join("::"));
            findings.push(file.finding(0, advice));
            continue;
        };
        let (code, inner) = (file.split().code, Vec::new());
        let tokens = lexer::tokens(&code);
        let reader =
            Reader { tokens: &tokens, module, externals, inner, depth: 0, found: Vec::new() };
        for named in reader.read() {
            let spared = named.in_tests || file.is_test() && !part.dir.starts_with("tests/");
            if !layer.allows(&named.segments, spared) {
                let path = named.segments.join("::");
                let advice = format!("`{}` may not know `{path}`", layer.name(part));
                findings.push(file.finding(named.line, advice));
            }
        }
    }
    findings
}

/// `daemon/src/broker/angel_one/mod.rs` is `broker`, `angel_one`.
fn module_of(path: &str, part: &Crate) -> Vec<String> {
    let below = path.strip_prefix(part.dir).unwrap_or(path).trim_start_matches('/');
    let below = below.strip_suffix(".rs").unwrap_or(below);
    let names = below.split('/').filter(|name| !matches!(*name, "mod" | "lib"));
    names.map(str::to_owned).collect()
}

impl Crate {
    fn holds(&self, path: &str) -> bool {
        path.strip_prefix(self.dir).is_some_and(|rest| rest.starts_with('/'))
    }

    /// The row of the closest module above; `*` is above all.
    fn layer(&self, module: &str) -> Option<&Layer> {
        let rows = self.layers.iter();
        let rows = rows.filter(|layer| layer.module == "*" || is_within(module, layer.module));
        rows.max_by_key(|layer| layer.module.len())
    }
}

impl Layer {
    fn name(&self, part: &Crate) -> String {
        format!("{} {}", part.dir, self.module)
    }

    /// Tests may use any outside crate; the inner layers hold for them, too.
    fn allows(&self, path: &[String], in_tests: bool) -> bool {
        let text = path.join("::");
        if let Some(inside) = text.strip_prefix("crate::") {
            let own = self.module == "*" || is_within(inside, self.module);
            let may = self.may.iter().any(|may| *may == "*" || is_within(inside, may));
            let root_item = !inside.starts_with(char::is_lowercase);
            let helper = in_tests && is_within(inside, "tests");
            let never = self.never.iter().any(|never| is_within(inside, never));
            return helper || !never && (own || may || root_item);
        }
        let mut crates = self.crates.iter().copied().flatten();
        text == "crate"
            || in_tests && path[0] != "muster_protocol"
            || crates.any(|known| *known == "*" || is_within(&text, known))
    }
}

fn is_within(path: &str, module: &str) -> bool {
    path.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifests;
    use crate::tree::{expect_none, files};

    fn names(path: &str, text: &str) -> Vec<String> {
        let part = CRATES.iter().find(|part| part.holds(path)).unwrap();
        let code = lexer::split(text).code;
        let tokens = lexer::tokens(&code);
        let externals = ["tokio".to_owned(), "redb".to_owned()];
        let reader = Reader {
            tokens: &tokens,
            module: module_of(path, part),
            externals: &externals,
            inner: Vec::new(),
            depth: 0,
            found: Vec::new(),
        };
        reader.read().into_iter().map(|named| named.segments.join("::")).collect()
    }

    #[test]
    fn paths_are_read_from_every_shape_of_use() {
        let text = "use crate::{store::{Store, self}, vault}; use super::http::Http; use redb;
                    fn f() { tokio::spawn(self::a()); Vec::<u8>::new(); }
                    mod tests { use super::*; use super::super::classify::X; }";
        let wanted = [
            "crate::store::Store",
            "crate::store",
            "crate::vault",
            "crate::broker::http::Http",
            "redb",
            "tokio::spawn",
            "crate::broker::angel_one::a",
            "crate::broker::angel_one",
            "crate::broker::classify::X",
        ];
        assert_eq!(names("daemon/src/broker/angel_one/mod.rs", text), wanted);
    }

    #[test]
    fn an_edge_upward_or_sideways_is_found() {
        let externals = ["tokio", "redb", "muster_protocol", "musterd", "ratatui"];
        let externals = externals.map(str::to_owned);
        let bad = [
            ("daemon/src/domain/run.rs", "use tokio::time;"),
            ("daemon/src/domain/run.rs", "use muster_protocol::client::Client;"),
            ("daemon/src/domain/run.rs", "use super::super::store::Store;"),
            ("daemon/src/vault/mod.rs", "fn f() { redb::f() }"),
            ("daemon/src/store/mod.rs", "use crate::vault::keys;"),
            ("daemon/src/broker/angel_one/mod.rs", "use crate::broker::zerodha::wire;"),
            ("daemon/src/broker/zerodha/mod.rs", "use super::angel_one;"),
            ("daemon/src/broker/http.rs", "use crate::{credential, custody::Custody};"),
            ("daemon/src/custody/mod.rs", "use crate::broker::Adapter;"),
            ("daemon/src/engine/mod.rs", "use crate::server;"),
            ("daemon/src/server/session.rs", "use crate::callback;"),
            ("daemon/src/somewhere/else.rs", ""),
            ("tui/src/app/model.rs", "use ratatui::Frame;"),
            ("tui/src/view/mod.rs", "use crate::link::Link;"),
            ("tests/src/sandbox/book.rs", "use musterd::domain;"),
            ("tests/src/sandbox/book.rs", "mod tests { use muster_protocol::ids::UserId; }"),
        ];
        for (path, text) in bad {
            let found = wrong_edges(&[File::new(path, text)], &externals);
            assert_eq!(found.len(), 1, "{path}: {text}");
        }
        let good = ("daemon/src/store/mod.rs", "mod tests { use super::*; use tokio::x; }");
        assert_eq!(wrong_edges(&[File::new(good.0, good.1)], &externals), []);
    }

    #[test]
    fn imports_go_down_the_layers_only() {
        expect_none(&wrong_edges(&files(), &manifests::crate_names(&files())));
    }
}
