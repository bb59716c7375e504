//! Questions to DNS servers.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::rr::{Name, RData, RecordType};

use super::plan::{Answer, Family, Question};

/// How long a server is waited for.
const TIMEOUT: Duration = Duration::from_secs(3);
/// How often a question is put to the servers before it has failed.
const ATTEMPTS: usize = 2;

/// Whoever is asked.
#[derive(Clone)]
pub struct Asker {
    resolver: TokioResolver,
    servers: BTreeSet<IpAddr>,
}

impl Asker {
    /// One that asks these servers, or those of `/etc/resolv.conf` if there are none.
    ///
    /// # Errors
    /// If that file cannot be read or names no server.
    pub fn new(servers: &[SocketAddr]) -> Result<Self, NetError> {
        Self::patient(servers, TIMEOUT)
    }

    /// The same, with another time for which a server is waited for.
    fn patient(servers: &[SocketAddr], timeout: Duration) -> Result<Self, NetError> {
        let mut options = ResolverOpts::default();
        let config = if servers.is_empty() {
            let (config, system) = hickory_resolver::system_conf::read_system_conf()?;
            options = system;
            config
        } else {
            ResolverConfig::from_parts(None, Vec::new(), servers.iter().map(server).collect())
        };
        options.timeout = timeout;
        options.attempts = ATTEMPTS;
        // What is asked is due; an answer out of a memory would have a TTL of before. And the hosts file is not DNS.
        options.cache_size = 0;
        options.use_hosts_file = ResolveHosts::Never;
        let servers = config.name_servers().iter().map(|server| server.ip).collect();
        let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        *builder.options_mut() = options;
        Ok(Self { resolver: builder.build()?, servers })
    }

    /// The addresses of the servers.
    pub const fn servers(&self) -> &BTreeSet<IpAddr> {
        &self.servers
    }

    /// Asks. Aliases (CNAME) are followed.
    pub async fn ask(&self, question: &Question) -> Answer {
        let kind = match question.family {
            Family::V4 => RecordType::A,
            Family::V6 => RecordType::AAAA,
        };
        // The dot at the end: no domain of this machine is tried behind the name.
        let name = match Name::from_ascii(format!("{}.", question.host)) {
            Ok(name) => name,
            Err(error) => return Answer::Failed(error.to_string()),
        };
        match self.resolver.lookup(name, kind).await {
            Ok(lookup) => {
                let records = lookup.answers();
                let addresses: BTreeSet<IpAddr> =
                    records.iter().filter_map(|record| address(&record.data)).collect();
                // The shortest of the chain of aliases counts, too.
                let ttl =
                    records.iter().map(|record| record.ttl).min().map(u64::from).map(Duration::from_secs);
                match ttl {
                    Some(ttl) if !addresses.is_empty() => Answer::Addresses(addresses, ttl),
                    _ => Answer::Nothing(ttl),
                }
            }
            Err(NetError::Dns(DnsError::NoRecordsFound(none))) => {
                Answer::Nothing(none.negative_ttl.map(u64::from).map(Duration::from_secs))
            }
            Err(error) => Answer::Failed(error.to_string()),
        }
    }
}

fn server(address: &SocketAddr) -> NameServerConfig {
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
        connection.port = address.port();
        connection
    });
    NameServerConfig::new(address.ip(), true, connections.into())
}

fn address(data: &RData) -> Option<IpAddr> {
    match data {
        RData::A(address) => Some(address.0.into()),
        RData::AAAA(address) => Some(address.0.into()),
        _ => None,
    }
}

#[cfg(test)]
#[path = "ask_tests.rs"]
mod tests;
