//! What a script can reach, and how each way out of its limits is shut.
//!
//! | way out | shut by |
//! |---|---|
//! | files, processes, C modules, the debugger, bytecode | libraries that are never opened; `load` and its like are not there |
//! | a loop | a hook every [`STRIDE`] instructions; the script runs in a coroutine, and the hook yields out of it for ever |
//! | `pcall` around it, `__close` behind it | nothing catches a yield; the interpreter is given up as it stands |
//! | `pcall` around what ends a run by an error: `reject`, a pattern | the prelude's `pcall` raises it again, on each level |
//! | C that calls functions of the script, where no hook can yield | the prelude has it in Lua: `gsub`, `tostring`, `format`, `ipairs`, `unpack`, arithmetic of texts |
//! | the handler of `xpcall`, which C calls where hooks are off | the prelude's `xpcall` calls it when all is unwound |
//! | `__gc`, which runs where hooks are off | the prelude's `setmetatable` refuses it |
//! | a coroutine, which catches errors too | there are none |
//! | memory | the interpreter's allocator has a limit |
//! | a pattern that goes back and forth for years | our own matcher, which pays for its steps |
//! | `table.move`, `insert`, `remove`, `sort` over a table that claims a length of 2⁶² | written in Lua, where the hook sees them |
//! | what one message leaves behind for the next | globals of its own; what all share cannot be written |

use mlua::chunk::ChunkMode;
use mlua::{
    Function, HookTriggers, IntoLuaMulti, Lua, LuaOptions, MultiValue, StdLib, Table, Value,
};

use crate::host;
use crate::interpreter::Around;
use crate::limits::{Limits, STRIDE};
use crate::run::Run;
use crate::script::Role;
use crate::settling::Entered;

/// The prelude, and how errors in it call it.
const PRELUDE: &str = include_str!("sandbox/prelude.lua");

/// An interpreter with nothing in it but the prelude.
pub(crate) struct Sandbox {
    pub(crate) lua: Lua,
    /// Makes globals.
    pub(crate) fresh: Function,
    /// Calls a function, in a coroutine.
    enter: Function,
    /// Makes an object of a message.
    pub(crate) wrap: Function,
    /// What stands behind an object.
    pub(crate) object_of: Function,
}

impl Sandbox {
    /// Makes one. `run` is the run that what follows is part of.
    pub(crate) fn new(role: Role, limits: Limits, around: Around, run: Run) -> mlua::Result<Self> {
        let libraries = StdLib::TABLE | StdLib::STRING | StdLib::MATH | StdLib::UTF8;
        let lua = Lua::new_with(libraries, LuaOptions::new())?;
        lua.set_memory_limit(limits.memory)?;
        lua.set_app_data(run);
        let host = host::table(&lua, role, limits, around)?;
        let prelude = lua.load(PRELUDE).set_name("=wardline").set_mode(ChunkMode::Text);
        let prelude: Table = prelude.call(host)?;
        let every = HookTriggers::new().every_nth_instruction(STRIDE);
        lua.set_global_hook(every, |lua, _| host::on_stride(lua, u64::from(STRIDE)))?;
        Ok(Self {
            fresh: prelude.get("fresh")?,
            enter: prelude.get("enter")?,
            wrap: prelude.get("wrap")?,
            object_of: prelude.get("object_of")?,
            lua,
        })
    }

    /// Calls a function of the script and waits for its end, or for that of the run, which leaves it half-way.
    pub(crate) fn call(
        &self,
        function: &Function,
        arguments: impl IntoLuaMulti,
    ) -> mlua::Result<Entered> {
        let mut values = arguments.into_lua_multi(&self.lua)?;
        values.push_front(Value::Function(function.clone()));
        let mut values =
            self.lua.create_thread(self.enter.clone())?.resume::<MultiValue>(values)?;
        let first = values.pop_front();
        let second = values.pop_front().unwrap_or(Value::Nil);
        Ok(match first {
            Some(Value::Boolean(true)) => Entered::Gave(second),
            Some(_) => Entered::Raised(second),
            None => Entered::Left,
        })
    }
}
