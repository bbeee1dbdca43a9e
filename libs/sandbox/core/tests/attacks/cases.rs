//! The attacks: each a script, and a question whose answer yes means that it succeeded.
//!
//! `$W` is the workspace, `$O` a directory outside, `$S` one that nobody may read, `$V` a process of the host, `$PORT` what it listens
//! on, `$ID` a name of this run; `$OUT` what the script printed, and `$OUT.hex` what of it follows the first colon.

/// An attack.
pub struct Attack {
    pub name: &'static str,
    /// In which language.
    pub language: &'static str,
    pub script: &'static str,
    /// A shell command, run outside and unconfined; exit code 0: the attack succeeded.
    pub proof: &'static str,
    /// What only root can do without a sandbox.
    pub root_only: bool,
    /// Whether some machines allow it nowhere: there it is skipped, where others must prove that it can succeed.
    pub not_everywhere: bool,
    /// The clause that is reported as weaker where there are no namespaces, and by which it succeeds there.
    pub weaker: Option<&'static str>,
}

const fn case(
    name: &'static str,
    language: &'static str,
    script: &'static str,
    proof: &'static str,
) -> Attack {
    Attack {
        name,
        language,
        script,
        proof,
        root_only: false,
        not_everywhere: false,
        weaker: None,
    }
}

const fn sh(name: &'static str, script: &'static str, proof: &'static str) -> Attack {
    case(name, "sh", script, proof)
}

/// A Python script that prints OK where it got through.
const fn py(name: &'static str, script: &'static str) -> Attack {
    case(name, "python3", script, "grep -q OK $OUT")
}

const fn root(mut attack: Attack) -> Attack {
    attack.root_only = true;
    attack
}

const fn some(mut attack: Attack) -> Attack {
    attack.not_everywhere = true;
    attack
}

const fn weak(clause: &'static str, mut attack: Attack) -> Attack {
    attack.weaker = Some(clause);
    attack
}

pub const ATTACKS: &[Attack] = &[
    // Files outside the roots: contents.
    sh("create_a_file_outside", "echo x > $O/new", "test -e $O/new"),
    sh("append_to_a_file_outside", "echo x >> $O/victim", "grep -q x $O/victim"),
    sh("delete_a_file_outside", "rm -f $O/victim", "! test -e $O/victim"),
    sh("rename_a_file_outside", "mv $O/victim $O/gone", "test -e $O/gone"),
    sh("move_a_file_from_outside_into_the_workspace", "mv $O/victim $W/taken", "! test -e $O/victim"),
    sh("make_a_directory_outside", "mkdir $O/dir", "test -d $O/dir"),
    sh("make_a_link_outside", "ln -s /etc $O/link", "test -L $O/link"),
    sh("make_a_pipe_outside", "mkfifo $O/pipe", "test -p $O/pipe"),
    py("truncate_a_file_outside", "import os; os.truncate(os.environ['O']+'/victim', 0); print('OK')"),
    sh("write_through_a_hard_link_made_in_the_workspace", "ln $O/victim $W/l && echo x >> $W/l", "grep -q x $O/victim"),
    sh("write_through_a_symbolic_link_made_in_the_workspace", "ln -s $O/victim $W/l; echo x >> $W/l", "grep -q x $O/victim"),
    sh("write_by_dots_out_of_the_workspace", "echo x > $W/../outside/new", "test -e $O/new"),
    sh("write_by_the_root_link_of_proc", "echo x > /proc/self/root$O/new", "test -e $O/new"),
    sh("write_by_the_cwd_link_of_proc", "echo x > /proc/self/cwd/../outside/new", "test -e $O/new"),
    sh("write_into_the_hosts_tmp", "echo x > /tmp/fishplate-evidence-$ID", "test -e /tmp/fishplate-evidence-$ID && rm -f /tmp/fishplate-evidence-$ID"),
    sh("write_into_the_hosts_shared_memory", "echo x > /dev/shm/fishplate-evidence-$ID", "test -e /dev/shm/fishplate-evidence-$ID && rm -f /dev/shm/fishplate-evidence-$ID"),
    sh("write_into_the_home_directory", "echo x > $HOME/.profile", "test -e $HOME/.profile"),
    // Metadata outside.
    weak("metadata", sh("change_a_mode_outside", "chmod 700 $O/victim", "test $(stat -c %a $O/victim) = 700")),
    weak("metadata", sh("change_times_outside", "touch -d 2001-01-01 $O/victim", "test $(stat -c %Y $O/victim) -lt 1000000000")),
    weak("metadata", py("set_an_attribute_outside", "import os; os.setxattr(os.environ['O']+'/victim', 'user.x', b'1'); print('OK')")),
    py("set_inode_flags_outside", "import os,fcntl,struct; f=os.open(os.environ['O']+'/victim', 0); b=bytearray(8); fcntl.ioctl(f, 0x80086601, b); fcntl.ioctl(f, 0x40086602, struct.pack('l', struct.unpack('l', b)[0] | 0x80)); print('OK')"),
    py("make_whoever_opens_a_file_outside_wait", "import fcntl,os; fcntl.fcntl(os.open(os.environ['O']+'/victim', 0), fcntl.F_SETLEASE, fcntl.F_RDLCK); print('OK')"),
    root(sh("change_an_owner_outside", "chown 1:1 $O/victim", "test $(stat -c %u $O/victim) = 1")),
    // Files that run as somebody else.
    sh("leave_a_set_user_id_file_in_the_workspace", "cp /bin/true $W/s; chmod 4755 $W/s", "test -u $W/s"),
    py("create_a_set_user_id_file_by_open", "import os; os.umask(0); os.open(os.environ['W']+'/s', os.O_CREAT|os.O_WRONLY, 0o4755); print('OK' if os.stat(os.environ['W']+'/s').st_mode & 0o4000 else '')"),
    py("create_a_set_user_id_file_by_mknod", "import os; os.mknod(os.environ['W']+'/s', 0o104755); print('OK' if os.stat(os.environ['W']+'/s').st_mode & 0o4000 else '')"),
    // What nobody may read.
    sh("read_a_secret", "cat $S/key", "grep -q SECRET-KEY $OUT"),
    sh("read_a_secret_by_a_link", "ln -s $S $W/l; cat $W/l/key", "grep -q SECRET-KEY $OUT"),
    sh("read_a_secret_by_the_root_link_of_proc", "cat /proc/self/root$S/key", "grep -q SECRET-KEY $OUT"),
    root(sh("read_a_secret_by_the_root_of_the_parent_process", "cat /proc/$PPID/root$S/key", "grep -q SECRET-KEY $OUT")),
    sh("copy_the_folder_of_a_secret", "cp -r $S $W/copy; cat $W/copy/key", "grep -q SECRET-KEY $OUT"),
    sh("archive_the_folder_of_a_secret", "tar -C $S/.. -cf - secret", "grep -aq SECRET-KEY $OUT"),
    sh("open_a_secret_by_a_hard_link", "ln $S/key $W/k && cat $W/k", "grep -q SECRET-KEY $OUT"),
    sh("open_up_the_mode_of_a_secret_first", "chmod -R 777 $S; cat $S/key", "grep -q SECRET-KEY $OUT"),
    root(py("open_a_secret_by_its_handle", r#"
import ctypes, os
c = ctypes.CDLL(None, use_errno=True)
class H(ctypes.Structure): _fields_ = [('n', ctypes.c_uint), ('t', ctypes.c_int), ('b', ctypes.c_ubyte * 128)]
h = H(128); m = ctypes.c_int()
if c.name_to_handle_at(-100, (os.environ['S'] + '/key').encode(), ctypes.byref(h), ctypes.byref(m), 0) == 0:
    f = c.open_by_handle_at(os.open('/', 0), ctypes.byref(h), 0)
    if f >= 0 and b'SECRET' in os.read(f, 99): print('OK')
"#)),
    // What others would run or trust later.
    weak("protectedPaths", sh("plant_a_git_hook", "mkdir -p $W/.git/hooks; echo x > $W/.git/hooks/post-commit", "test -f $W/.git/hooks/post-commit")),
    weak("protectedPaths", sh("change_the_git_configuration", "mkdir -p $W/.git; echo '[core]' >> $W/.git/config", "grep -q core $W/.git/config")),
    weak("protectedPaths", sh("move_the_git_directory_aside_and_plant_a_hook", "mv $W/.git $W/.git2; mkdir -p $W/.git/hooks; echo x > $W/.git/hooks/post-commit", "test -f $W/.git/hooks/post-commit")),
    weak("protectedPaths", sh("replace_the_hooks_by_a_link", "mkdir -p $W/.git $W/evil; echo x > $W/evil/post-commit; rm -rf $W/.git/hooks; ln -s ../evil $W/.git/hooks", "test -f $W/.git/hooks/post-commit")),
    weak("protectedPaths", sh("plant_a_shell_start_file", "echo x > $W/.bashrc", "test -s $W/.bashrc")),
    weak("protectedPaths", sh("plant_a_shell_start_file_by_rename", "echo x > $W/a; rm -rf $W/.bashrc; mv -T $W/a $W/.bashrc", "test -f $W/.bashrc")),
    weak("protectedPaths", sh("plant_an_editor_task", "mkdir -p $W/.vscode; echo x > $W/.vscode/tasks.json", "test -f $W/.vscode/tasks.json")),
    weak("protectedPaths", sh("plant_a_run_configuration_by_a_link", "mkdir $W/e; echo x > $W/e/workspace.xml; rm -rf $W/.idea; ln -s e $W/.idea", "test -f $W/.idea/workspace.xml")),
    weak("protectedPaths", py("swap_a_directory_with_a_protected_one", r#"
import ctypes, os
w = os.environ['W']
os.makedirs(w + '/.git', exist_ok=True); os.makedirs(w + '/evil/hooks'); open(w + '/evil/hooks/post-commit', 'w').write('x')
ctypes.CDLL(None).renameat2(-100, (w + '/evil').encode(), -100, (w + '/.git').encode(), 2)
if os.path.exists(w + '/.git/hooks/post-commit'): print('OK')
"#)),
    // Other processes.
    sh("kill_a_process_of_the_host", "kill -9 $V", "sleep 0.1; ! kill -0 $V 2>/dev/null || grep -q 'State:.Z' /proc/$V/status"),
    weak("hostProcesses", sh("look_at_the_processes_of_the_host", "cat /proc/$V/cmdline", "grep -aq sleep $OUT")),
    sh("read_the_variables_of_a_process_of_the_host", "cat /proc/$V/environ", "grep -aq SECRET-VARIABLE $OUT"),
    py("trace_a_process_of_the_host", "import ctypes,os; print('OK' if ctypes.CDLL(None).ptrace(16, int(os.environ['V']), 0, 0) == 0 else '')"),
    py("read_the_memory_of_a_process_of_the_host", r#"
import os
v = os.environ['V']
start = int(open(f'/proc/{v}/maps').readline().split('-')[0], 16)
f = os.open(f'/proc/{v}/mem', 0); os.lseek(f, start, 0)
if os.read(f, 4) == b'\x7fELF': print('OK')
"#),
    py("take_a_descriptor_of_a_process_of_the_host", "import os,ctypes; f=os.pidfd_open(int(os.environ['V'])); print('OK' if ctypes.CDLL(None).syscall(438, f, 0, 0) >= 0 else '')"),
    sh("leave_a_process_running", "setsid sh -c 'sleep 0.7; echo x > $W/late' > /dev/null 2>&1 &", "sleep 1.2; test -e $W/late"),
    py("leave_a_process_running_by_a_double_fork", r#"
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.close(0); os.close(1); os.close(2)
        time.sleep(0.7)
        open(os.environ['W'] + '/late', 'w').write('x')
    os._exit(0)
os.wait(); print('OK')
"#).proven("sleep 1.2; test -e $W/late"),
    py("take_descriptors_from_a_process_of_the_host_or_the_one_that_watches", "import os,resource; v=os.environ['V']; p=int(v) if os.path.exists('/proc/'+v) else 1; resource.prlimit(p, resource.RLIMIT_NOFILE, (64, 64)); print('OK')"),
    py("lower_the_priority_of_a_process_of_the_host", "import os; os.setpriority(os.PRIO_PROCESS, int(os.environ['V']), 19); print('OK')"),
    py("let_a_process_of_the_host_wait_for_the_disk", "import ctypes,os; print('OK' if ctypes.CDLL(None).syscall(251, 1, int(os.environ['V']), 3 << 13) == 0 else '')"),
    py("let_a_process_of_the_host_run_only_when_idle", "import os; os.sched_setscheduler(int(os.environ['V']), os.SCHED_IDLE, os.sched_param(0)); print('OK')"),
    // The network.
    py("connect_to_a_service_of_the_host", "import os,socket; socket.create_connection(('127.0.0.1', int(os.environ['PORT'])), 2); print('OK')"),
    py("send_a_datagram_to_the_host", r#"
import os, socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.sendto(b'x', ('127.0.0.1', int(os.environ['PORT']))); print('sent')
"#).proven("sleep 0.2; test -e $O/datagram"),
    py("connect_to_an_abstract_socket_of_the_host", "import os,socket; s=socket.socket(socket.AF_UNIX); s.connect('\\0fishplate-' + os.environ['ID']); print('OK')"),
    py("connect_to_a_socket_file_of_the_host_outside", "import os,socket; s=socket.socket(socket.AF_UNIX); s.connect(os.environ['O'] + '/sock'); print('OK')"),
    py("connect_to_a_socket_file_of_the_host_in_the_workspace", "import os,socket; s=socket.socket(socket.AF_UNIX); s.connect(os.environ['W'] + '/sock'); print('OK')"),
    py("send_to_a_datagram_socket_of_the_host_from_a_pair", "import os,socket; a,b=socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM); a.sendto(b'x', os.environ['O'] + '/datagrams'); print('OK')"),
    py("connect_a_pair_to_a_datagram_socket_of_the_host", "import os,socket; a,b=socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM); a.connect(os.environ['O'] + '/datagrams'); a.send(b'x'); print('OK')"),
    py("send_from_a_pair_of_another_name_for_datagrams", r#"
import ctypes, os, socket
two = (ctypes.c_int * 2)()
if ctypes.CDLL(None).socketpair(1, 3, 0, two) == 0:
    socket.socket(fileno=two[0]).sendto(b'x', os.environ['O'] + '/datagrams'); print('OK')
"#),
    root(py("capture_packets", "import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0x300); print('OK')")),
    some(py("reach_the_hypervisor_by_vsock", "import socket; socket.socket(40, socket.SOCK_STREAM); print('OK')")),
    some(py("use_kernel_crypto_by_a_socket", "import socket; socket.socket(38, socket.SOCK_SEQPACKET); print('OK')")),
    // The kernel's surface.
    py("make_a_user_namespace", "import ctypes; print('OK' if ctypes.CDLL(None).unshare(0x10000000) == 0 else '')"),
    py("make_a_user_namespace_by_clone", "import ctypes,os; r=ctypes.CDLL(None).syscall(56, 0x10000000|17, 0, 0, 0, 0); os._exit(0) if r == 0 else print('OK' if r > 0 else '')"),
    py("make_a_user_namespace_by_clone3", r#"
import ctypes, os
a = (ctypes.c_uint64 * 8)(0x10000000, 0, 0, 0, 17, 0, 0, 0)
r = ctypes.CDLL(None).syscall(435, ctypes.byref(a), 64)
if r == 0: os._exit(0)
if r > 0: print('OK')
"#),
    some(py("set_up_an_io_uring", "import ctypes; p=ctypes.create_string_buffer(256); print('OK' if ctypes.CDLL(None).syscall(425, 4, p) >= 0 else '')")),
    root(py("load_a_program_into_the_kernel", "import ctypes; a=(ctypes.c_uint32*32)(1,4,4,1); print('OK' if ctypes.CDLL(None).syscall(321, 0, a, 72) >= 0 else '')")),
    some(py("measure_by_perf_events", "import ctypes; a=(ctypes.c_uint32*32)(1,128); a[10]=0x60; print('OK' if ctypes.CDLL(None).syscall(298, a, 0, -1, -1, 0) >= 0 else '')")),
    some(py("handle_page_faults", "import ctypes; print('OK' if ctypes.CDLL(None).syscall(323, 1) >= 0 else '')")),
    some(py("look_into_the_kernels_keys", "import ctypes; print('OK' if ctypes.CDLL(None).syscall(250, 0, -3, 1) > 0 else '')")),
    some(py("run_32_bit_calls", r#"
import ctypes, mmap
m = mmap.mmap(-1, 4096, prot=7); m.write(bytes.fromhex('b814000000cd80c3'))
f = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(m)))
if f() > 0: print('OK')
"#)),
    py("make_reading_mean_executing", "import ctypes; print('OK' if ctypes.CDLL(None).personality(0x0400000) >= 0 else '')"),
    root(sh("mount_something", "mkdir -p $W/m && mount -t tmpfs none $W/m && echo OK && umount $W/m", "grep -q OK $OUT")),
    root(sh("make_a_device", "mknod $W/d b 7 0 && echo OK", "grep -q OK $OUT")),
    root(py("open_a_device_of_the_machine",
        r#"
import os
for name in ['kmsg', 'mem', 'vda', 'sda', 'loop-control', 'kvm']:
    try: os.open('/dev/' + name, 0); print('OK')
    except OSError: pass
"#)),
    root(py("open_the_core_pattern_for_writing", "import os; os.open('/proc/sys/kernel/core_pattern', os.O_WRONLY); print('OK')")),
    some(root(py("open_the_sysrq_trigger", "import os; os.open('/proc/sysrq-trigger', os.O_WRONLY); print('OK')"))),
    root(py("open_a_file_of_sysfs_for_writing", "import os; os.open('/sys/kernel/mm/transparent_hugepage/enabled', os.O_WRONLY); print('OK')")),
    root(py("leave_the_control_group", "import glob,os; f=[p for p in glob.glob('/sys/fs/cgroup/*/cgroup.procs')+['/sys/fs/cgroup/cgroup.procs'] if os.path.exists(p)]; os.open(f[0], os.O_WRONLY); print('OK')")),
    root(py("read_the_kernels_log", "import ctypes; b=ctypes.create_string_buffer(4096); print('OK' if ctypes.CDLL(None).klogctl(3, b, 4096) >= 0 else '')")),
    root(sh("change_the_root", "chroot / true && echo OK", "grep -q OK $OUT")),
    root(sh("keep_a_capability", "grep CapEff: /proc/self/status", "grep -q '[1-9a-f]' $OUT.hex")),
    root(sh("keep_a_capability_to_gain", "grep CapBnd: /proc/self/status", "grep -q '[1-9a-f]' $OUT.hex")),
    sh("gain_privileges_by_exec", "grep NoNewPrivs: /proc/self/status", "grep -q '0$' $OUT"),
    root(py("type_into_a_terminal", "import os,pty,fcntl; m,s=pty.openpty(); fcntl.ioctl(s, 0x5412, b'x'); print('OK')")),
    root(py("raise_the_priority", "import os; os.nice(-5); print('OK')")),
];

impl Attack {
    const fn proven(mut self, proof: &'static str) -> Self {
        self.proof = proof;
        self
    }
}
