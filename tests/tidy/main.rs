//! The rules of the house that no compiler checks, as tests over the source tree. Each check is a
//! function from files to findings, and each is first shown something bad that it must find.

#[cfg(test)]
mod dependencies;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod failpoints;
#[cfg(test)]
mod files;
#[cfg(test)]
mod layers;
#[cfg(test)]
mod lexer;
#[cfg(test)]
mod manifests;
#[cfg(test)]
mod table;
#[cfg(test)]
mod tree;
