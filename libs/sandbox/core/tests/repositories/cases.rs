//! Attacks on what git runs later, for the person outside.
//!
//! `$W` is the workspace, `$O` a directory outside. `$P` is a command for git that makes `$O/pwned` and lets git go on; `$HOOK` a script
//! that does the same. Before each, `$O/lib` and `$O/deep` are repositories with a commit.

/// An attack.
pub struct Case {
    pub name: &'static str,
    /// What the person has done before, outside.
    pub before: &'static str,
    /// What the command does.
    pub attack: &'static str,
    /// What the person does after it, outside.
    pub after: &'static str,
    /// A further writable root, below `$O`.
    pub root: Option<&'static str>,
}

const fn case(
    name: &'static str,
    before: &'static str,
    attack: &'static str,
    after: &'static str,
) -> Case {
    Case {
        name,
        before,
        attack,
        after,
        root: None,
    }
}

const fn with_root(root: &'static str, mut case: Case) -> Case {
    case.root = Some(root);
    case
}

const REPOSITORY: &str = "git init -q . && echo 1 > f && git add f && git commit -qm one";
const SUBMODULES: &str = "git init -q . && git submodule -q add $O/lib lib && git -C lib submodule -q add $O/deep deep \
    && git -C lib commit -qm deep && git add lib && git commit -qm one";
const WORKTREE: &str = "git init -q . && git commit -q --allow-empty -m one && git config extensions.worktreeConfig true \
    && git worktree add -q $O/wt 2>/dev/null";
const BARE: &str = "git init -q --bare bb; cd bb; git config core.bare false; git config core.worktree $W; \
    git config core.fsmonitor \"$P\"; cd ..; cp -r bb/config bb/objects bb/refs .; cp bb/HEAD .; sleep 0.2";

pub const CASES: &[Case] = &[
    case(
        "another_common_directory",
        REPOSITORY,
        "cp -r .git evil; rm -f evil/commondir; git config -f evil/config core.fsmonitor \"$P\"; echo ../evil > .git/commondir",
        "git status",
    ),
    case(
        "another_common_directory_by_rename",
        REPOSITORY,
        "cp -r .git evil; rm -f evil/commondir; git config -f evil/config core.fsmonitor \"$P\"; echo ../evil > c; mv c .git/commondir",
        "git status",
    ),
    case(
        "configuration_of_the_worktree",
        "git init -q . && git config extensions.worktreeConfig true",
        "git config -f .git/config.worktree core.fsmonitor \"$P\"",
        "git status",
    ),
    case(
        "configuration_of_the_worktree_before_it_counts",
        REPOSITORY,
        "git config -f .git/config.worktree core.fsmonitor \"$P\"",
        "git config extensions.worktreeConfig true; git status",
    ),
    case(
        "configuration_of_a_submodule",
        SUBMODULES,
        "git config -f .git/modules/lib/config core.fsmonitor \"$P\"",
        "git status",
    ),
    case(
        "hook_of_a_submodule",
        SUBMODULES,
        "mkdir -p .git/modules/lib/hooks; printf \"$HOOK\" > .git/modules/lib/hooks/post-checkout; chmod +x .git/modules/lib/hooks/post-checkout",
        "git -C lib checkout -q --detach",
    ),
    case(
        "common_directory_of_a_submodule",
        SUBMODULES,
        "cp -r .git/modules/lib evil; rm -f evil/commondir; git config -f evil/config core.fsmonitor \"$P\"; echo $W/evil > .git/modules/lib/commondir",
        "git status",
    ),
    case(
        "configuration_of_a_submodule_of_a_submodule",
        SUBMODULES,
        "git config -f .git/modules/lib/modules/deep/config core.fsmonitor \"$P\"",
        "git -C lib status",
    ),
    case(
        "repository_in_the_place_of_a_submodule",
        SUBMODULES,
        "rm -rf lib/.git; git init -q lib; git -C lib config core.fsmonitor \"$P\"",
        "git status",
    ),
    case(
        "repository_in_the_place_of_the_directory_of_a_submodule",
        SUBMODULES,
        "mv lib lib2; git init -q lib; git -C lib config core.fsmonitor \"$P\"",
        "git status",
    ),
    case(
        "repository_for_a_submodule_that_is_not_there_yet",
        "git clone -q $O/lib over; (cd over; git submodule -q add $O/deep deep; git commit -qm deep); git clone -q over $O/two; rm -rf over; cp -r $O/two/. .",
        "mkdir -p .git/modules; git clone -q $O/deep d; mv d/.git .git/modules/deep; git config -f .git/modules/deep/config core.worktree ../../../deep; \
         printf \"$HOOK\" > .git/modules/deep/hooks/post-checkout; chmod +x .git/modules/deep/hooks/post-checkout",
        "git submodule -q update --init",
    ),
    case(
        "common_directory_of_a_worktree_elsewhere",
        WORKTREE,
        "cp -r .git evil; rm -f evil/commondir; git config -f evil/config core.fsmonitor \"$P\"; echo $W/evil > .git/worktrees/wt/commondir",
        "git -C $O/wt status",
    ),
    case(
        "configuration_of_a_worktree_elsewhere",
        WORKTREE,
        "git config -f .git/worktrees/wt/config.worktree core.fsmonitor \"$P\"",
        "git -C $O/wt status",
    ),
    case(
        "hook_where_the_configuration_has_them",
        "git init -q . && git config core.hooksPath .githooks && mkdir .githooks",
        "printf \"$HOOK\" > .githooks/post-commit; chmod +x .githooks/post-commit",
        "git commit -q --allow-empty -m x",
    ),
    case(
        "hook_where_the_configuration_will_have_them",
        "git init -q . && git config core.hooksPath tools/hooks",
        "mkdir -p tools/hooks; printf \"$HOOK\" > tools/hooks/post-commit; chmod +x tools/hooks/post-commit",
        "git commit -q --allow-empty -m x",
    ),
    case(
        "hook_where_the_persons_own_configuration_has_them",
        "git init -q . && git config --global core.hooksPath .husky",
        "mkdir -p .husky; printf \"$HOOK\" > .husky/post-commit; chmod +x .husky/post-commit",
        "git commit -q --allow-empty -m x",
    ),
    case(
        "included_file",
        "git init -q . && git config include.path ../team.cfg && git config -f team.cfg a.b c",
        "git config -f team.cfg core.fsmonitor \"$P\"",
        "git status",
    ),
    case(
        "included_file_that_is_not_there",
        "git init -q . && git config include.path ../team.cfg",
        "git config -f team.cfg core.fsmonitor \"$P\"",
        "git status",
    ),
    case(
        "file_included_by_an_included_one",
        "git init -q . && git config includeIf.gitdir:/.path ../team.cfg && git config -f team.cfg include.path more.cfg",
        "git config -f more.cfg core.fsmonitor \"$P\"",
        "git status",
    ),
    case(
        "program_that_the_configuration_names",
        "git init -q . && mkdir tools && printf '#!/bin/sh\\nfalse\\n' > tools/mon && chmod +x tools/mon && git config core.fsmonitor tools/mon",
        "printf \"$HOOK\" > tools/mon",
        "git status",
    ),
    case(
        "repository_at_the_top_where_there_is_none",
        "true",
        BARE,
        "git status",
    ),
    case(
        "repository_at_the_top_where_the_true_one_is_broken",
        REPOSITORY,
        "echo broken > .git/HEAD; git init -q --bare bb; cd bb; git config core.bare false; git config core.worktree $W; \
         git config core.fsmonitor \"$P\"; cd ..; cp -r bb/config bb/objects bb/refs .; cp bb/HEAD .",
        "git status",
    ),
    case(
        "repository_at_the_top_whose_parts_lie_elsewhere",
        "true",
        "git init -q --bare bb; git config -f bb/config core.sshCommand \"$P\"; echo bb > commondir; cp bb/HEAD .",
        "git fetch ssh://host/path",
    ),
    case(
        "repository_that_a_file_leads_to",
        "git init -q --separate-git-dir=$W/real .",
        "git config -f real/config core.fsmonitor \"$P\"",
        "git status",
    ),
    case(
        "repository_that_is_bare",
        "git init -q --bare . && git config core.bare false && git config core.worktree $W",
        "git config -f config core.fsmonitor \"$P\"",
        "git status",
    ),
    with_root(
        "up/.git",
        case(
            "repository_above_whose_directory_is_a_root",
            "git init -q $O/up",
            "git config -f $O/up/.git/config core.fsmonitor \"$P\"",
            "git -C $O/up status",
        ),
    ),
    with_root(
        "up/.git",
        case(
            "hook_of_a_repository_above_whose_directory_is_a_root",
            "git init -q $O/up && rm -rf $O/up/.git/hooks",
            "mkdir -p $O/up/.git/hooks; printf \"$HOOK\" > $O/up/.git/hooks/post-commit; chmod +x $O/up/.git/hooks/post-commit",
            "git -C $O/up commit -q --allow-empty -m x",
        ),
    ),
];
