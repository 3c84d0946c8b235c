//! The engine as its users meet it: real sockets, a real store, a process of its own.
//!
//! One module per subject; each test is a sentence, and fails by telling which promise broke.

use libtest_mimic::{Arguments, Trial};

mod answers;
mod app_ack_to;
mod applications;
mod batches;
mod buffered;
mod comparing;
mod corpus;
mod deliveries;
mod disk_full;
mod dual_port;
mod duplicates;
mod enhanced;
mod environment;
mod events;
mod examples;
mod expected;
mod failed_write;
mod folders;
mod framing;
mod handlers;
mod hospital;
mod keys;
mod large;
mod mllp_examples;
mod ours;
mod ping;
mod processing_id;
mod queues;
mod readme;
mod relayed;
mod release_2;
mod release_2_out;
mod reload;
mod reload_load;
mod replies;
mod roles;
mod rules;
mod scale;
mod shipped;
mod sources;
mod store_damage;
mod text;
mod tls;
mod tls_out;
mod trying;

fn main() -> std::process::ExitCode {
    let mut trials: Vec<Trial> = Vec::new();
    trials.extend(answers::trials());
    trials.extend(app_ack_to::trials());
    trials.extend(applications::trials());
    trials.extend(batches::trials());
    trials.extend(buffered::trials());
    trials.extend(comparing::trials());
    trials.extend(corpus::trials());
    trials.extend(deliveries::trials());
    trials.extend(disk_full::trials());
    trials.extend(duplicates::trials());
    trials.extend(dual_port::trials());
    trials.extend(enhanced::trials());
    trials.extend(environment::trials());
    trials.extend(events::trials());
    trials.extend(examples::trials());
    trials.extend(expected::trials());
    trials.extend(failed_write::trials());
    trials.extend(folders::trials());
    trials.extend(framing::trials());
    trials.extend(handlers::trials());
    trials.extend(hospital::trials());
    trials.extend(keys::trials());
    trials.extend(large::trials());
    trials.extend(mllp_examples::trials());
    trials.extend(ping::trials());
    trials.extend(processing_id::trials());
    trials.extend(queues::trials());
    trials.extend(readme::trials());
    trials.extend(release_2::trials());
    trials.extend(release_2_out::trials());
    trials.extend(relayed::trials());
    trials.extend(reload::trials());
    trials.extend(reload_load::trials());
    trials.extend(replies::trials());
    trials.extend(roles::trials());
    trials.extend(rules::trials());
    trials.extend(scale::trials());
    trials.extend(sources::trials());
    trials.extend(store_damage::trials());
    trials.extend(text::trials());
    trials.extend(tls::trials());
    trials.extend(tls_out::trials());
    trials.extend(trying::trials());
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
