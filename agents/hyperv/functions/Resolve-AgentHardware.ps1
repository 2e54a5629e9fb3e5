function Resolve-AgentHardware {
    <#
    .SYNOPSIS
    What a machine is to be: the fields given, over those it has (null: it is being made). Refuses what does not go together.
    .DESCRIPTION
    Keys are fields of the contract, for every group of which a field was given. Fields is what was given.
    #>
    [CmdletBinding()]
    [OutputType([hashtable])]
    param(
        [Parameter(Mandatory = $true)] [System.Collections.IDictionary] $Spec,
        [Parameter(Mandatory = $true)] [AllowNull()] [System.Collections.IDictionary] $Current,
        [Parameter(Mandatory = $true)] [int] $Generation
    )
    $isNew = $null -eq $Current
    $wanted = @{ IsNew = $isNew; Fields = @() }
    $defaults = @{
        description = ''; tags = @(); os_family = $null; deletion_protection = $false; cpus = 1; memory_bytes = $null; memory_min_bytes = $null
        memory_max_bytes = $null; memory_buffer_percent = $null; secure_boot = $false; secure_boot_template = $null; tpm = $false; nested = $false
        autostart = $false; autostart_condition = 'always'; autostart_delay_ms = 0; stop_action = 'shutdown'
    }
    foreach ($field in @($defaults.Keys)) {
        $isGiven = $Spec.Contains($field) -and ($null -ne $Spec[$field] -or @('memory_min_bytes', 'memory_max_bytes') -ccontains $field)
        if ($isGiven) { $wanted[$field] = $Spec[$field]; $wanted.Fields += $field }
        elseif ($isNew) { $wanted[$field] = $defaults[$field] }
        else { $wanted[$field] = $Current[$field] }
    }
    if ($Generation -eq 1) {
        foreach ($field in 'secure_boot', 'tpm') {
            if ($true -eq $wanted[$field]) { throw (New-AgentFailure -Code VM_CONFIG_INVALID -Message "$field needs firmware uefi." -Pointer "/$field") }
        }
    }
    if ($wanted.Fields -ccontains 'secure_boot_template' -and -not $wanted.secure_boot) {
        throw (New-AgentFailure -Code VM_CONFIG_INVALID -Message 'secure_boot_template needs secure_boot.' -Pointer '/secure_boot_template')
    }
    if ($wanted.secure_boot -and $null -eq $wanted.secure_boot_template) {
        $wanted.secure_boot_template = 'microsoft-windows'
        if ($wanted.os_family -ceq 'linux' -or $wanted.os_family -ceq 'other') { $wanted.secure_boot_template = 'microsoft-uefi-ca' }
    }
    if ($null -ne $wanted.secure_boot_template -and -not (Get-AgentTemplateName).ContainsKey([string]$wanted.secure_boot_template)) {
        throw (New-AgentFailure -Code SPEC_INVALID -Message 'secure_boot_template is none that there is.' -Pointer '/secure_boot_template')
    }
    if (-not $wanted.secure_boot) { $wanted.secure_boot_template = $null }
    $isDynamic = $null -ne $wanted.memory_min_bytes -or $null -ne $wanted.memory_max_bytes
    if ($null -ne $wanted.memory_min_bytes -and $wanted.memory_min_bytes -gt $wanted.memory_bytes) {
        throw (New-AgentFailure -Code VM_CONFIG_INVALID -Message 'memory_min_bytes must be at most memory_bytes.' -Pointer '/memory_min_bytes')
    }
    if ($null -ne $wanted.memory_max_bytes -and $wanted.memory_max_bytes -lt $wanted.memory_bytes) {
        throw (New-AgentFailure -Code VM_CONFIG_INVALID -Message 'memory_max_bytes must be at least memory_bytes.' -Pointer '/memory_max_bytes')
    }
    if (-not $isDynamic -and $wanted.Fields -ccontains 'memory_buffer_percent') {
        throw (New-AgentFailure -Code VM_CONFIG_INVALID -Message 'memory_buffer_percent needs memory_min_bytes or memory_max_bytes.' -Pointer '/memory_buffer_percent')
    }
    if (-not $isDynamic) { $wanted.memory_buffer_percent = $null }
    if ($wanted.Fields -ccontains 'autostart_delay_ms' -and [long]$wanted.autostart_delay_ms % 1000 -ne 0) {
        throw (New-AgentFailure -Code VM_CONFIG_INVALID -Message 'Hyper-V counts autostart_delay_ms in whole seconds.' -Pointer '/autostart_delay_ms')
    }
    if ($isNew -and -not $wanted.autostart) { $wanted.autostart_condition = 'always' }
    $wanted
}
