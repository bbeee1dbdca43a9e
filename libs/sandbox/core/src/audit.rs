//! One record for each decision and execution: who wanted what, what was answered and why, what held, how it ended.
//!
//! Data alone: where records go is for the host to say.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use uuid::{ContextV7, Timestamp, Uuid};

use crate::decision::{Decision, Intent, Verdict};

/// What was wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuditAction {
    /// An action on a path.
    File(Intent),
    /// A command was to run.
    Command,
    /// A host was to be reached.
    Network,
    /// The grants were replaced.
    Grants,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "status")]
pub enum AuditResult {
    /// It was only asked about.
    Asked,
    /// It was done.
    Done,
    /// It was not done, since the decision was not `allow`.
    Refused,
    /// It was tried, and failed.
    Failed {
        /// Of the error, as in `FILE_MISSING`.
        code: String,
    },
    /// A command ended.
    #[serde(rename_all = "camelCase")]
    Exited {
        /// Its exit code; none where a signal ended it.
        exit_code: Option<i32>,
        /// The signal.
        signal: Option<String>,
        /// The limit that ended it, as in `wallMs`.
        limit_hit: Option<String>,
    },
}

/// One record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditRecord {
    /// A UUID of version 7: ids sort by time, also as text, and where the clock was set back.
    pub audit_id: String,
    /// When, in milliseconds since 1970 UTC, as the clock said.
    pub time: u64,
    /// On whose behalf, as the host names it: a session, a tool, a person.
    pub actor: String,
    /// What was wanted.
    pub action: AuditAction,
    /// The resolved path. In JSON, bytes that are not UTF-8 are replaced.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "lossy"
    )]
    pub path: Option<PathBuf>,
    /// The command and its arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<Vec<String>>,
    /// What was answered.
    pub decision: Verdict,
    /// The clause that decided.
    pub rule: String,
    /// What held the command, as the supervisor reports it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enforcement: Option<Value>,
    /// How it ended.
    pub result: AuditResult,
    /// The record that this one follows: of the question before the act, or of the last one in a chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
}

#[expect(clippy::ref_option)]
fn lossy<S: Serializer>(path: &Option<PathBuf>, serializer: S) -> Result<S::Ok, S::Error> {
    path.as_deref()
        .map(Path::to_string_lossy)
        .serialize(serializer)
}

impl AuditRecord {
    /// Of an action on a file that was decided; its result is [`AuditResult::Asked`] until one is set.
    pub fn of_file(ids: &AuditIds, actor: &str, intent: Intent, decision: &Decision) -> Self {
        let mut record = Self::new(
            ids,
            actor,
            AuditAction::File(intent),
            decision.decision,
            &decision.rule,
        );
        record.path = Some(decision.resolved_path.clone());
        record
    }

    /// Of a command.
    pub fn of_command(
        ids: &AuditIds,
        actor: &str,
        command: Vec<String>,
        decision: Verdict,
        rule: &str,
    ) -> Self {
        let mut record = Self::new(ids, actor, AuditAction::Command, decision, rule);
        record.command = Some(command);
        record
    }

    /// Of anything else.
    pub fn new(
        ids: &AuditIds,
        actor: &str,
        action: AuditAction,
        decision: Verdict,
        rule: &str,
    ) -> Self {
        let (audit_id, time) = ids.next();
        Self {
            audit_id,
            time,
            actor: actor.to_owned(),
            action,
            path: None,
            command: None,
            decision,
            rule: rule.to_owned(),
            enforcement: None,
            result: AuditResult::Asked,
            previous: None,
        }
    }

    /// With how it ended.
    #[must_use]
    pub fn with_result(mut self, result: AuditResult) -> Self {
        self.result = result;
        self
    }

    /// With what held.
    #[must_use]
    pub fn with_enforcement(mut self, enforcement: Value) -> Self {
        self.enforcement = Some(enforcement);
        self
    }

    /// With the record that it follows.
    #[must_use]
    pub fn after(mut self, previous: &str) -> Self {
        self.previous = Some(previous.to_owned());
        self
    }
}

/// Makes ids that sort by time; one for each process.
#[derive(Debug)]
pub struct AuditIds {
    context: Mutex<ContextV7>,
}

impl Default for AuditIds {
    fn default() -> Self {
        Self::new()
    }
}

impl AuditIds {
    /// A source of ids.
    pub fn new() -> Self {
        Self {
            context: Mutex::new(ContextV7::new()),
        }
    }

    /// The next id, and the time in milliseconds since 1970 UTC.
    pub fn next(&self) -> (String, u64) {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let millis = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        (self.next_at(now.as_secs(), now.subsec_nanos()), millis)
    }

    fn next_at(&self, seconds: u64, nanos: u32) -> String {
        let context = self
            .context
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        Uuid::new_v7(Timestamp::from_unix(&*context, seconds, nanos)).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::{AuditAction, AuditIds, AuditRecord, AuditResult};
    use crate::decision::{Intent, Verdict};

    #[test]
    fn ids_sort_by_time_also_where_the_clock_is_set_back() {
        let ids = AuditIds::new();
        let mut made: Vec<String> = (0..1000).map(|_| ids.next_at(1_700_000_000, 0)).collect();
        made.extend((0..1000).map(|_| ids.next_at(1_600_000_000, 0)));
        made.push(ids.next_at(1_700_000_001, 0));
        let mut sorted = made.clone();
        sorted.sort();
        sorted.dedup();
        assert_eq!(made, sorted);
    }

    #[test]
    fn ids_of_threads_are_all_different() {
        let ids = AuditIds::new();
        let mut all: Vec<String> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| (0..2000).map(|_| ids.next().0).collect::<Vec<_>>()))
                .collect();
            threads
                .into_iter()
                .flat_map(|thread| thread.join().expect("a thread"))
                .collect()
        });
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 8000);
    }

    #[test]
    fn a_record_comes_back_from_json() {
        let ids = AuditIds::new();
        let ended = AuditResult::Exited {
            exit_code: None,
            signal: Some("SIGKILL".to_owned()),
            limit_hit: Some("wallMs".to_owned()),
        };
        let first = AuditRecord::new(
            &ids,
            "a session",
            AuditAction::File(Intent::Read),
            Verdict::Deny,
            "policy.readDeny[2]",
        );
        let record = AuditRecord::of_command(
            &ids,
            "a session",
            vec!["sleep".to_owned(), "9".to_owned()],
            Verdict::Allow,
            "policy",
        )
        .with_result(ended)
        .with_enforcement(serde_json::json!({ "backend": "native" }))
        .after(&first.audit_id);
        let text = serde_json::to_string(&record).expect("JSON");
        assert!(text.contains(r#""limitHit":"wallMs""#), "{text}");
        assert!(text.contains(r#""auditId":""#), "{text}");
        assert_eq!(
            serde_json::from_str::<AuditRecord>(&text).expect("a record"),
            record
        );
        let text = serde_json::to_string(&first).expect("JSON");
        assert!(
            text.contains(r#""action":{"file":"read"}"#) && text.contains(r#""status":"asked""#),
            "{text}"
        );
    }
}
