//! One time of day or several, in order; written `"15:10"` or `["09:20", "15:10"]`.

use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::time::TimeOfDay;

/// The most times a plan may fire on one day.
pub const MAX_TIMES: usize = 12;

/// Times of day.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Times(Vec<TimeOfDay>);

impl Times {
    /// All of them, as they were written.
    pub fn as_slice(&self) -> &[TimeOfDay] {
        &self.0
    }
}

impl From<TimeOfDay> for Times {
    fn from(time: TimeOfDay) -> Self {
        Self(vec![time])
    }
}

impl FromIterator<TimeOfDay> for Times {
    fn from_iter<I: IntoIterator<Item = TimeOfDay>>(times: I) -> Self {
        Self(times.into_iter().collect())
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.pad(&texts.join(", "))
    }
}

impl Serialize for Times {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [one] => one.serialize(serializer),
            many => many.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Times {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrMany)
    }
}

struct OneOrMany;

impl<'de> Visitor<'de> for OneOrMany {
    type Value = Times;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time of day such as \"15:10\", or a list of them")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Times, E> {
        text.parse::<TimeOfDay>().map(Times::from).map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Times, A::Error> {
        let mut times = Vec::new();
        while let Some(time) = items.next_element()? {
            if times.len() == MAX_TIMES {
                return Err(serde::de::Error::custom(format_args!("at most {MAX_TIMES} times")));
            }
            times.push(time);
        }
        Ok(Times(times))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_or_several_read_back_as_they_were_written() {
        for text in [r#""15:10""#, r#"["09:20","15:10:30"]"#, "[]"] {
            let times: Times = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&times).unwrap(), text);
        }
        for bad in ["15", r#""25:00""#, r#"["15:10",3]"#, "{}"] {
            assert!(serde_json::from_str::<Times>(bad).is_err(), "{bad}");
        }
        let many = vec!["15:10"; MAX_TIMES + 1];
        assert!(serde_json::from_value::<Times>(serde_json::json!(many)).is_err());
    }
}
