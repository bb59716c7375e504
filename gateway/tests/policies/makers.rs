//! The policies for the devices of one maker each: that they refuse what they are for, leave the device working, and say where
//! each name comes from.

use gateway_common::abi::Action;

use super::{shipped, tables, text};

/// A policy for the devices of one maker: names it must refuse, and names without which the device does not start, play or
/// update.
struct Maker {
    policy: &'static str,
    refused: &'static [&'static str],
    needed: &'static [&'static str],
}

const MAKERS: &[Maker] = &[
    Maker {
        policy: "samsung-tv",
        refused: &[
            "log-config.samsungacr.com",
            "log-ingestion-eu.samsungacr.com",
            "acr-us-prd.samsungcloud.tv",
            "acr-eu-prd.samsungcloud.tv",
            "ads.samsungads.com",
        ],
        needed: &[
            "time.samsungcloudsolution.com",
            "lcprd1.samsungcloudsolution.net",
            "otn.cdn.samsungcloudsolution.com",
            "www.samsungotn.net",
            "osb-apps-v2.samsungqbe.com",
            "acr0.samsungcloudsolution.com",
            "samsungcloud.tv",
            "www.samsung.com",
            "api.samsungosp.com",
            "www.netflix.com",
        ],
    },
    Maker {
        policy: "lg-tv",
        refused: &[
            "eu-acr4.alphonso.tv",
            "tkacr1.alphonso.tv",
            "us.ad.lgsmartad.com",
            "gb.info.lgsmartad.com",
            "eic.cdpbeacon.lgtvcommon.com",
            "aic.nudge.lgtvcommon.com",
            "ad.lgappstv.com",
        ],
        needed: &[
            "snu.lge.com",
            "ngfts.lge.com",
            "us.lgtvsdp.com",
            "us.rdx2.lgtvsdp.com",
            "ru.nextlgsdp.com",
            "us.ibs.lgappstv.com",
            "aic.service.lgtvcommon.com",
            "aic.cdpsvc.lgtvcommon.com",
            "www.lg.com",
        ],
    },
    Maker {
        policy: "roku",
        refused: &[
            "logs.roku.com",
            "scribe.logs.roku.com",
            "cooper.logs.roku.com",
            "ravm.tv",
            "display.ravm.tv",
        ],
        needed: &[
            "roku.com",
            "api.roku.com",
            "api.sr.roku.com",
            "captive.roku.com",
            "api.rokutime.com",
            "channels.roku.com",
            "image.roku.com",
            "keysvc.cs.roku.com",
            "osm-ads.delivery.roku.com",
        ],
    },
    Maker {
        policy: "amazon-devices",
        refused: &[
            "device-metrics-us.amazon.com",
            "device-metrics-us-2.amazon.com",
            "gateway-ink.amazon.com",
            "mads-eu.amazon.com",
            "aviary.amazon.de",
            "aax-eu.amazon-adsystem.com",
        ],
        needed: &[
            "amazon.com",
            "www.amazon.com",
            "api.amazon.com",
            "api.amazonalexa.com",
            "avs-alexa-14-eu.amazon.com",
            "fireoscaptiveportal.com",
            "softwareupdates.amazon.com",
            "mas-ext.amazon.com",
            "msh.amazon.com",
            "ftv-smp.ntp-fireos.com",
            "d3h5bk8iotgjvw.cloudfront.net",
            "atv-ps.primevideo.com",
        ],
    },
    Maker {
        policy: "windows-telemetry",
        refused: &[
            "v10.events.data.microsoft.com",
            "v10c.events.data.microsoft.com",
            "eu-v10c.events.data.microsoft.com",
            "v10.vortex-win.data.microsoft.com",
            "vortex.data.microsoft.com",
            "watson.telemetry.microsoft.com",
            "oca.telemetry.microsoft.com",
        ],
        needed: &[
            "ctldl.windowsupdate.com",
            "fe3.delivery.mp.microsoft.com",
            "sls.update.microsoft.com",
            "definitionupdates.microsoft.com",
            "wdcp.microsoft.com",
            "www.msftconnecttest.com",
            "login.live.com",
            "settings-win.data.microsoft.com",
            "teams.events.data.microsoft.com",
            "time.windows.com",
            "ocsp.digicert.com",
            "www.microsoft.com",
            "account.blob.core.windows.net",
        ],
    },
    Maker {
        policy: "huawei-telemetry",
        refused: &[
            "datacollector-dre.dt.hicloud.com",
            "datacollector-drcn.dt.dbankcloud.cn",
            "metrics.data.hicloud.com",
            "metrics2.data.hicloud.com",
            "logservice.hicloud.com",
            "adx-dre.op.hicloud.com",
        ],
        needed: &[
            "query.hicloud.com",
            "update-dre.platform.hicloud.com",
            "connectivitycheck.platform.hicloud.com",
            "connectivitycheck.cbg-app.huawei.com",
            "grs.dbankcloud.com",
            "grs.dbankcloud.eu",
            "connect-dre.dbankcloud.cn",
            "hisearch-drcn.dt.dbankcloud.com",
            "appgallery.cloud.huawei.com",
        ],
    },
    Maker {
        policy: "oppo-realme-telemetry",
        refused: &[
            "dragate-sg.dc.heytapmobi.com",
            "conf-eu.dc.heytapmobi.com",
            "dragate.dc.oppomobile.com",
            "dragate-in-dc.heytapmobile.com",
            "dc-dragate-sg.heytapmobile.com",
            "sms.ads.heytapmobi.com",
        ],
        needed: &[
            "component-ota-sg.allawnos.com",
            "component-ota-cn.allawntech.com",
            "component-ota-eu.coloros.com",
            "ifota.realmemobile.com",
            "conn-service-eu-01.allawnos.com",
            "httpdns-push.heytapmobile.com",
            "heytapmobi.com",
            "heytapmobile.com",
            "www.oppo.com",
        ],
    },
];

#[test]
fn every_policy_for_the_devices_of_a_maker_is_tried() {
    let tried = |name: &str| MAKERS.iter().any(|maker| maker.policy == name);
    let others = ["doh-bypass", "xiaomi-account", "xiaomi-telemetry"];
    let untried: Vec<_> =
        shipped().policies.into_iter().map(|policy| policy.name).filter(|name| !tried(name)).collect();
    assert_eq!(untried, others);
}

#[test]
fn the_policy_of_a_maker_refuses_reports_and_lets_pass_what_the_device_needs() {
    for maker in MAKERS {
        let tables = tables(maker.policy);
        for name in maker.refused {
            let ruling = tables.judge_name(1, name);
            assert_eq!(
                ruling.map(|ruling| ruling.action),
                Some(Action::Reject),
                "{name} of {}",
                maker.policy
            );
        }
        for name in maker.needed {
            let action = tables.judge_name(1, name).map(|ruling| ruling.action);
            assert!(matches!(action, None | Some(Action::Pass)), "{name} of {}: {action:?}", maker.policy);
        }
    }
}

#[test]
fn every_name_that_a_makers_policy_blocks_has_a_source_that_its_head_explains() {
    for Maker { policy, .. } in MAKERS {
        let text = text(policy);
        assert!(text.contains(" Checked on "), "{policy} does not say when its sources were read");
        let explained = |key: &&str| text.contains(&format!("\n#   [{key}] "));
        let (_, block) = text.split_once("\n[block]\n").unwrap();
        let (block, _) = block.split_once("\n[allow]\n").unwrap();
        for line in block.lines().filter(|line| line.trim_start().starts_with('"')) {
            let keys = line.rsplit_once('[').and_then(|(_, keys)| keys.strip_suffix(']'));
            let keys: Vec<_> = keys.unwrap_or_default().split(' ').filter(|key| !key.is_empty()).collect();
            assert!(!keys.is_empty(), "no source in {policy}: {line}");
            assert!(keys.iter().all(explained), "a source without explanation in {policy}: {line}");
        }
    }
}
