function Get-AgentHardwareGroup {
    <#
    .SYNOPSIS
    The fields of a machine that one cmdlet sets together, in the order in which they are set; NeedsOff: only while it is off.
    #>
    [CmdletBinding()]
    [OutputType([hashtable])]
    param()
    @{ Name = 'note'; NeedsOff = $false; Fields = @('description', 'tags', 'os_family', 'deletion_protection') }
    @{ Name = 'start'; NeedsOff = $false; Fields = @('autostart', 'autostart_condition', 'autostart_delay_ms') }
    @{ Name = 'memory'; NeedsOff = $null; Fields = @('memory_bytes', 'memory_min_bytes', 'memory_max_bytes', 'memory_buffer_percent') }
    @{ Name = 'processor'; NeedsOff = $true; Fields = @('cpus', 'nested') }
    @{ Name = 'stop'; NeedsOff = $true; Fields = @('stop_action') }
    @{ Name = 'firmware'; NeedsOff = $true; Fields = @('secure_boot', 'secure_boot_template') }
    @{ Name = 'tpm'; NeedsOff = $true; Fields = @('tpm') }
}
