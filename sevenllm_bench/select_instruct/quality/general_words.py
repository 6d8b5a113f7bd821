"""Words that an analysis may use though its text doesn't: what any analyst knows, no fact of an incident."""

from __future__ import annotations

#: Capitalised words, abbreviations and short Latin words of Chinese prose, in small letters.
GENERAL_WORDS = frozenset(
    """
    i ii iii iv a b c d e x ok vs etc eg ie monday tuesday wednesday thursday friday saturday sunday january february
    march april may june july august september october november december utc gmt q1 q2 q3 q4 english chinese internet web
    website intranet wi-fi wifi cloud bluetooth ethernet ai ml llm it ot ics scada iot iiot plc hmi saas paas iaas byod hr
    pr ceo cfo ciso cto cso cio dpo csirt cert soc noc isac api sdk cli gui ui ux os cpu gpu ram bios uefi usb sim sms pc
    html xml json yaml csv pdf zip rar url uri urls uris sql nosql ide ci cd cicd devops devsecops git ip ipv4 ipv6 tcp udp dns
    dnssec dhcp http https ftp sftp ssh ssl tls smb rdp ldap ldaps kerberos ntlm imap pop3 smtp snmp icmp vpn vlan vlans
    nat dmz lan wan sdn bgp doh spf dkim dmarc bimi pki ca aes rsa sha md5 hmac hsm kms tpm mfa 2fa otp totp sso iam pam
    rbac abac jit oauth oidc saml fido fido2 webauthn passkey passkeys edr xdr mdr epp ndr siem soar ids ips nids hids waf dlp
    casb sase ztna ueba utm ngfw av amsi laps gpo applocker sysmon etw yara sigma snort suricata ioc iocs ioa ttp ttps c2 c&c cnc
    apt apts rat rats ddos dos mitm bec rce lpe xss csrf ssrf sqli xxe idor uac poc pocs cve cves cvss cwe epss kev nvd
    osint cti tlp sbom sboms sla slas sop rto rpo bcp drp raas maas phaas n-day mitre att&ck ck nist iso iec gdpr hipaa
    pci dss kill chain cyber owasp cis windows linux unix macos android ios posix active directory microsoft office
    powershell bash python javascript java php excel word outlook vba wmi dll exe lnk iso vhd hta rdp com id ids mac vm
    vms qr pin b2b app apps web2 kpi kpis plan tier level phase step note krbtgt lsass ntds autoruns tb gb mb kb tbps gbps
    mbps alert alerts containment contain isolation isolate identification preparation eradication recovery remediation
    mitigation notification notify lessons learned post-incident analysis assessment action actions immediate immediately
    strategy strategies measures summary overview background impact scope severity risk risks threat threats likelihood
    recommendation recommendations conclusion phase stage first second third fourth finally short-term long-term high
    medium low critical moderate urgent warning advisory bulletin notice priority technical operational organisational
    organizational legal employee user users system systems network security cybersecurity data policy server servers
    client shell webshell payload loader downloader dropper stager beacon backdoor rootkit botnet worm trojan ransomware
    spyware infostealer stealer keylogger phishing spear smishing vishing malware exploit variant variants token tokens
    cookie cookies session telnet pe elf mbr dga acl acls csp aslr dep pii cron crontab proxy socks tor hash salt login
    root admin administrator sudo docker kubernetes zero trust day red blue team purple command control denial service
    remote desktop protocol multi-factor authentication endpoint detection response security information event management
    persistence execution discovery exfiltration impact reconnaissance collection initial access defense defence evasion
    privilege escalation credential lateral movement
    """.split()  # noqa: SIM905
)

#: Numbers of common phrases of advice.
GENERAL_FIGURES = frozenset({"24/7", "7x24", "7×24", "24x7", "24×7", "7*24", "3-2-1", "2fa", "80/20", "365", "100%"})
