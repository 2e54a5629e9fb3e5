function ConvertTo-AgentState {
    <#
    .SYNOPSIS
    A state of the contract for one of Hyper-V.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param([Parameter(Mandatory = $true)] [AllowNull()] [object] $State)
    switch -CaseSensitive ([string]$State -creplace 'Critical\z', '') {
        'Running' { return 'running' }
        'Off' { return 'off' }
        'Paused' { return 'paused' }
        'Saved' { return 'saved' }
        'FastSaved' { return 'saved' }
        'Hibernated' { return 'saved' }
        'Starting' { return 'starting' }
        'Resuming' { return 'starting' }
        'Reset' { return 'starting' }
        'ForceReboot' { return 'starting' }
        'Stopping' { return 'stopping' }
        'Saving' { return 'stopping' }
        'FastSaving' { return 'stopping' }
        'Pausing' { return 'stopping' }
        'ForceShutdown' { return 'stopping' }
    }
    'unknown'
}
