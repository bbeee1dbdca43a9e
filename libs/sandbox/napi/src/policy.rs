//! A workspace under a policy.

use std::path::Path;
use std::sync::Arc;

use fishplate_sandbox::{Intent, Sandbox};
use napi::Result;
use napi_derive::napi;

use crate::fault::{fault, grant_fault, json, name_fault, open_fault, start_fault};

#[napi]
pub struct NativeSandbox {
    pub(crate) sandbox: Arc<Sandbox>,
}

#[napi]
impl NativeSandbox {
    #[napi(constructor)]
    pub fn new(
        workspace: String,
        policy: String,
        home: Option<String>,
        helper: String,
    ) -> Result<Self> {
        let opened = Sandbox::open(
            Path::new(&workspace),
            &policy,
            home.as_deref().map(Path::new),
            Path::new(&helper),
        );
        Ok(Self {
            sandbox: Arc::new(opened.map_err(|error| open_fault(&error))?),
        })
    }

    /// The workspace, free of links.
    #[napi(getter)]
    pub fn workspace(&self) -> String {
        self.sandbox
            .rules()
            .workspace
            .to_string_lossy()
            .into_owned()
    }

    /// What will hold the commands, as JSON.
    #[napi]
    pub fn enforcement(&self) -> Result<String> {
        json(
            &self
                .sandbox
                .enforcement()
                .map_err(|error| start_fault(&error))?,
        )
    }

    /// What of a policy that enforcement meets: `none`, `kernel`, `full`.
    #[napi]
    pub fn level(&self) -> Result<String> {
        let held = self
            .sandbox
            .enforcement()
            .map_err(|error| start_fault(&error))?;
        json(&held.meets())
    }

    /// A decision, as JSON.
    #[napi]
    pub fn evaluate(&self, path: String, intent: String) -> Result<String> {
        let intent = Intent::ALL
            .into_iter()
            .find(|known| known.to_string() == intent)
            .ok_or_else(|| fault("INPUT_INVALID", format!("{intent} is no intent")))?;
        let decision = self.sandbox.files().evaluate(Path::new(&path), intent);
        json(&decision.map_err(|error| name_fault(&error))?)
    }

    /// All grants, as JSON.
    #[napi]
    pub fn update_grants(&self, grants: String) -> Result<()> {
        self.sandbox
            .update_grants(&grants)
            .map_err(|error| grant_fault(&error))
    }
}
